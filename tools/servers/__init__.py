"""The story with real servers: Postfix, OpenDKIM, OpenDMARC and nsd in a network of their own."""
