"""What the carrier itself has published about its documents and its REST interface, as small tables."""
