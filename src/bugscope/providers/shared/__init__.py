"""What several providers share; the registry lists no provider of this name."""
