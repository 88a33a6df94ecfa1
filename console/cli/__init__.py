"""The `oncall` command. One file a command group; none of them imports Textual.

stdout is data, stderr is narration, exit codes are an interface.
"""
