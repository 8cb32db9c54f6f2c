import os

#: Callers of benchmarks press keys without a pause.
os.environ.setdefault("DOUBLED_KEY_MS", "0")
