"""The processes behind the webhooks: queue, worker pool, clock, recogniser. Only here are rq and vosk imported."""
