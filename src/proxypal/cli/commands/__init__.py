"""One file per command; `proxypal.cli.COMMANDS` lists them."""
