"""How gunicorn serves the site; it reads this file where it is started. Each can be set by a variable, and by an argument.

See docs/how-to/deploy.md.
"""

import os

#: Two processes with four threads each: most of the time is spent waiting for the database. `WEB_CONCURRENCY` sets the first.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"
bind = os.environ.get("WEB_BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
#: A process that gives no sign of life for so long is replaced. (Threads may take longer for their requests.)
timeout = 60
#: When told to stop, requests that run may take so long.
graceful_timeout = 30
keepalive = 5
#: A process is replaced now and then, not all at once: whatever memory it has gathered comes back.
max_requests = 2_000
max_requests_jitter = 400
#: Signs of life are files: not on a disk that may be slow.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 (gunicorn makes files of its own there)
#: Addresses hold keys, and who came from where is nobody's business: LOG_FORMAT=json writes a line a request without either.
accesslog = None
errorlog = "-"
#: Nobody controls it but by signals.
control_socket_disable = True
