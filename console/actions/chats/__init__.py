"""Reports sent to a chat, through its webhook."""
