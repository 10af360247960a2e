"""Time from outside: stamps (RFC 3161) over cosigned checkpoints, kept, renewed before they age, and what they show."""
