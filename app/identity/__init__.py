"""Who asks: tokens, Backstage's tokens, a trusted proxy, scopes and what each identity may see. No I/O of its own."""
