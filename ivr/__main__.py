"""`python -m ivr`: sets itself up where needed, then obeys the command line (see :mod:`ivr.cli`)."""

from ivr.launcher import bootstrap

if __name__ == "__main__":
    bootstrap.ensure()
    from ivr.cli import main

    main()
