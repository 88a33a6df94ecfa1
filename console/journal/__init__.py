"""Documents in a folder that is a git repository: one file a document, one commit a change."""
