"""Live calls: the teams' lines, who answers them, conversations, interpreters, callbacks that reach people."""
