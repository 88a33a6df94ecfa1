"""The demo's five machines from inside: what their programs say, asked over SSH."""
