"""The dramatiq broker made safe, the one receiving actor, and the intake function."""
