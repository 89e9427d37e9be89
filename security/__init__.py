"""Who may see what: principals, tokens, capabilities and row rules."""
