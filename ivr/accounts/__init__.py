"""People with a log-in live here: users, teams, log-in sessions, second factors, single sign-on, API tokens.

Tasks, calls and web pages do not.
"""
