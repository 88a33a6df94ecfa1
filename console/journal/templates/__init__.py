"""The documents' templates that ship: Markdown with marked headings, one a language."""
