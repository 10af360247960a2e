"""The static site: pages in four languages, drawn from a view of the register. No script is needed for any content."""
