"""What several tasks share; the registry lists no task of this name."""
