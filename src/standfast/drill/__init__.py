"""Rehearses the day: restores each origin from one copy alone, measures it, checks it, and says so in plain words."""
