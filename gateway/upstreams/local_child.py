"""The local model is served by this child process, a script that starts without importing the gateway."""

import contextlib
import http.client
import json
import os
import select
import signal
import sys
import threading
from typing import Any

CACHE_MIB = 256
"""MiB of memory for the prompts of personas that hold no slot at the moment; a token takes 24 KB."""
ANSWER_TOKENS = 256
"""Tokens of an answer where a caller sets no limit."""
OWN_SLOT_BELOW = 0.3
"""A prompt that shares less of itself than this with every slot takes the slot that was idle longest."""
BATCH = 128
"""Tokens of a prompt that are read at once; the answers in other slots advance by one token in between."""
STEP = 400
"""Characters by which a prompt is read in advance: a new prompt has to wait until the one before is read."""


def main() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # Ctrl-C reaches the whole process group, but when to stop is for the parent to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Loading holds the GIL, so a Python handler would answer too late.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    job = json.loads(sys.stdin.buffer.readline())
    # Native code writes to 1 and 2 as it likes: words for the parent need a descriptor of their own,
    # and a parent that reads slowly must never hold up an answer.
    to_parent = os.dup(1)
    os.set_blocking(2, False)
    os.dup2(2, 1)
    threading.Thread(target=_leave_with_parent, args=(job["parent"],), daemon=True).start()
    try:
        server = _serve(job)
    except (ImportError, RuntimeError) as error:
        os.write(2, f"{error}\n".encode())
        os._exit(1)
    os.write(to_parent, b"loaded\n")
    for prompt in job["prewarm"][:1]:
        _prewarm(job, prompt)
    os.write(to_parent, b"ready\n")
    for prompt in job["prewarm"][1:]:
        for end in range(STEP, len(prompt) + STEP, STEP):
            _prewarm(job, prompt[:end])
    while server:
        signal.pause()


def _leave_with_parent(parent: int) -> None:
    """End this process once the parent is gone.

    The end of stdin is not enough: processes that the parent has forked hold the other end of the pipe too.
    """
    while os.getppid() == parent:
        if select.select([0], [], [], 0.5)[0]:
            break
    os._exit(0)


def _serve(job: dict[str, Any]) -> object:
    """Load the model and listen. The server ends with the object. Raises ImportError and RuntimeError."""
    # Threads that spin for long while they wait read a prompt ten times slower where the gateway's
    # workers want the same cores; not spinning at all costs a third of the speed on an idle machine.
    # The OpenMP library reads this when it is loaded.
    os.putenv("GOMP_SPINCOUNT", "500")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.verbosity = 1
    params.model.path = job["model_path"]
    params.model_alias = {job["model_name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = job["port"]
    params.reuse_port = True
    params.api_keys = [job["api_key"]]
    params.ui = params.endpoint_slots = False
    params.sse_ping_interval = -1
    params.n_ctx = job["n_ctx"]
    params.n_parallel = job["slots"]
    params.n_batch = params.n_ubatch = BATCH
    # Each slot has its own context: in a shared one a long prompt would starve the others.
    params.kv_unified = False
    # Answers are bound by memory, not by arithmetic; the other cores are left to the gateway.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = job["threads"] or os.cpu_count() or 1
    params.use_jinja = params.enable_chat_template = True
    params.warmup = params.cache_prompt = True
    params.cache_ram_mib = CACHE_MIB
    params.slot_prompt_similarity = OWN_SLOT_BELOW
    # A model this small falls into loops and finds no end by itself; callers may set all of these.
    params.n_predict = ANSWER_TOKENS
    params.sampling.temp = 0.4
    params.sampling.penalty_repeat = 1.1
    params.sampling.penalty_last_n = 256
    server: object = xllamacpp.Server(params)
    return server


def _prewarm(job: dict[str, Any], prompt: str) -> None:
    """Have the server read a persona's prompt, so that its first caller does not wait for that."""
    body = {
        "max_tokens": 1,
        "messages": [{"role": "system", "content": prompt}, {"role": "user", "content": "Hi"}],
    }
    headers = {"Authorization": f"Bearer {job['api_key']}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", job["port"])
    # A prompt that cannot be read in advance (too long, say) is the caller's error later, not one here.
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        connection.getresponse().read()


if __name__ == "__main__":
    main()
