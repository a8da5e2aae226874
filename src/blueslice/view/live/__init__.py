"""The live page: what a session does, in a browser, from a process of its own."""
