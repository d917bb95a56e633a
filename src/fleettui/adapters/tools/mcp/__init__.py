"""MCP servers: started or reached, their tools described, each call bounded and checked."""
