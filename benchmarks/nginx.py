"""nginx is the yardstick, as a plain proxy."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.process import Process, environment, free_port, program, wait_for
from benchmarks.target import Target

CONFIG = """
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_buffer_size 1m;
    client_max_body_size 64m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_read_timeout 600s;
    proxy_buffer_size 16k;
    proxy_buffers 8 16k;
    upstream mock {{
        server 127.0.0.1:{upstream};
        keepalive 1024;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location /v1/ {{ proxy_pass http://mock; }}
        location /stream/v1/ {{ proxy_pass http://mock/v1/; proxy_buffering off; }}
    }}
}}
"""
"""Kept-alive connections on both sides; nothing goes through a file; streams are passed on unbuffered."""


def version() -> str:
    """Read the version, such as `nginx/1.22.1`."""
    done = subprocess.run([program("nginx"), "-v"], capture_output=True, text=True, check=False)
    return done.stderr.strip().removeprefix("nginx version: ")


def start(cores: Sequence[int], folder: Path, upstream: int) -> Target:
    """Start nginx in front of the mock on this port."""
    folder.mkdir()
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, upstream=upstream, port=port), "utf-8")
    command = [program("nginx"), "-p", str(folder), "-c", str(config)]
    process = Process(command, cores, folder, environment())
    wait_for(process, port)
    return Target("nginx", process, port, stream_path="/stream/v1/chat/completions")
