"""How long what is kept (Löschkonzept), and what a person may demand of us."""
