"""`make run` lives here: the virtual environment, the first start and the supervision of the processes on one machine.

The processes themselves do not.
"""
