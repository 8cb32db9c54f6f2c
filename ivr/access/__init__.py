"""Who may know what: log-ins, second factors, covered reading, and the access log."""
