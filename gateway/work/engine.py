"""DBOS keeps what each step of a workflow has given, and is reached here alone.

It is loaded only once there is work, since it takes 0.3 s and 40 MB.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from gateway.config import Store
from gateway.storage import workflows
from gateway.work.work import Kind, Work

APPLICATION = "persona-gateway"
VERSION = "1"
"""All releases bear this version, so that a new one goes on with what an older one has begun."""
SCHEMA = "persona_work"
MOST_LIVES = 100
"""The times that one attempt may be begun; one that ends its process each time is given up then."""
QUEUE = "work"
"""All kinds share one queue, in which each is a partition: to look into it costs the same for any number."""
BUSY_SECONDS = 0.2
QUIET_SECONDS = 2.0
"""Seconds between two looks into the queue, while there is work and while there is none."""
RARELY = 30.0
"""Seconds between two looks at what is not used here: schedules, messages, and a queue of DBOS's own."""
HALT_SECONDS = 1.0
"""Seconds within which a look into the queue ends that was under way when it was halted."""

Perform = Callable[[str, int], Awaitable[None]]
"""Performs an attempt, by the id of the work and the attempt's number; it raises nothing of its own."""

log = logging.getLogger("gateway.work")


class Engine:
    """Holds the one DBOS of this process."""

    def __init__(self, store: Store, process_id: str, concurrency: int, perform: Perform) -> None:
        self._store = store
        self._process_id = process_id
        self._concurrency = concurrency
        self._perform = perform
        self._connections = workflows.connections(store)
        self._flow: Any = None
        self._dbos: Any = None
        self._made: Any = None

    @property
    def is_launched(self) -> bool:
        return self._flow is not None

    async def launch(self) -> None:
        """Load DBOS, which goes on with what a process of the same id has left."""
        from dbos import DBOS, DBOSConfig

        _speak_through_our_log()
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": self._connections,
            "dbos_system_schema": SCHEMA,
            "application_version": VERSION,
            "executor_id": self._process_id,
            "log_level": "WARNING",
            "enable_otlp": False,
            # A pooler may stand in front of the database, and nothing here listens.
            "use_listen_notify": False,
            "serializer": _json(),
            "notification_listener_polling_interval_sec": RARELY,
            "scheduler_polling_interval_sec": RARELY,
        }
        perform = self._perform

        async def attempt() -> None:
            # A workflow that was copied from another one has its arguments too, but an id of its own.
            await perform(*work_of(str(DBOS.workflow_id)))

        made = DBOS(config=config)
        self._dbos, self._made = DBOS, made
        flow = DBOS.workflow(name="attempt", max_recovery_attempts=MOST_LIVES)(attempt)
        # Workflows are to run in this loop. The launch itself waits for others who use the database, of whom
        # some may be in this loop too, and so it has a thread.
        made._background_event_loop.set_main_loop()
        made._registry.get_internal_queue()._polling_interval_sec = RARELY
        await asyncio.to_thread(DBOS.launch)
        self._flow = flow
        await self.pace(is_busy=True)

    async def pace(self, *, is_busy: bool) -> None:
        """Have the queue looked into often, or seldom; each look costs several milliseconds of a core."""
        await self._dbos.register_queue_async(
            QUEUE,
            partition_worker_concurrency=self._concurrency,
            polling_interval_sec=BUSY_SECONDS if is_busy else QUIET_SECONDS,
            on_conflict="always_update",
        )

    def halt(self) -> None:
        """Take nothing more from the queue."""
        if self._made is not None:
            for event in self._made.background_thread_stop_events:
                event.set()

    async def is_clear(self) -> bool:
        """Tell, once it was halted, whether nothing is left that others have to go on with."""
        return self._made is None or await asyncio.to_thread(self._is_clear)

    def _is_clear(self) -> bool:
        for thread in threading.enumerate():
            if thread.name.startswith("queue-worker-"):
                thread.join(HALT_SECONDS)
                if thread.is_alive():
                    return False
        try:
            return not self._made._sys_db.get_pending_workflows(self._process_id, VERSION)
        except Exception:
            log.debug("the engine does not say what this process leaves", exc_info=True)
            return False

    async def close(self) -> None:
        """Let go of DBOS; what runs is cut."""
        if self._dbos is not None:
            await asyncio.to_thread(self._dbos.destroy)
        self._connections.dispose()

    async def start(self, work: Work, kind: Kind) -> None:
        """See that a workflow exists for an attempt; one that exists already is left as it is.

        With `resume_at` it begins with that step, and takes the values before it from the attempt before.
        """
        from dbos import SetEnqueueOptions, SetWorkflowID

        lane = kind.name if kind.lane is None else f"{kind.name} {kind.lane(work)}"
        before, name = workflow_id(work.id, work.attempt - 1), workflow_id(work.id, work.attempt)
        if work.resume_at is not None and not await self._exists(name) and await self._exists(before):
            with SetWorkflowID(name):
                await self._dbos.fork_workflow_async(
                    before,
                    work.resume_at,
                    application_version=VERSION,
                    queue_name=QUEUE,
                    queue_partition_key=lane,
                )
            return
        with SetWorkflowID(name), SetEnqueueOptions(queue_partition_key=lane):
            await self._dbos.enqueue_workflow_async(QUEUE, self._flow)

    async def take_over(self, process_ids: Sequence[str]) -> None:
        """Let the workflows that these processes have left go on in any process that lives."""
        await asyncio.to_thread(self._dbos._recover_pending_workflows, list(process_ids))

    async def exhausted(self) -> list[str]:
        """List the workflows that DBOS has given up, since they were begun too often."""
        found = await self._dbos.list_workflows_async(
            status="MAX_RECOVERY_ATTEMPTS_EXCEEDED", load_input=False, load_output=False, limit=100
        )
        return [each.workflow_id for each in found]

    async def delete(self, works: Sequence[tuple[str, int]]) -> None:
        """Forget all attempts of these, by id and number of attempts."""
        names = [workflow_id(work_id, number + 1) for work_id, most in works for number in range(most)]
        if names:
            await self._dbos.delete_workflows_async(names)
            await asyncio.to_thread(workflows.scrub, self._connections)

    async def step(self, name: str, function: Callable[[], Awaitable[Any]]) -> Any:
        """Call the function within the workflow that runs, or give the value that it has given before."""

        async def take() -> Any:
            return await function()

        return await self._dbos.run_step_async({"name": name}, take)

    async def _exists(self, name: str) -> bool:
        return await self._dbos.get_workflow_status_async(name) is not None


def workflow_id(work_id: str, number: int) -> str:
    """Name the workflow of an attempt: the first bears the id of the work itself."""
    return work_id if number == 1 else f"{work_id}.{number}"


def work_of(name: str) -> tuple[str, int]:
    """Read the id of the work and the number of the attempt from the id of a workflow."""
    work_id, _, number = name.partition(".")
    return work_id, int(number or 1)


def _told(value: Any) -> str:
    """Errors of DBOS are kept as their kind alone: a message may quote what somebody has written."""
    return type(value).__name__


def _json() -> Any:
    """Make what writes values as JSON; pickles would be code for whoever reads them."""
    from dbos import Serializer

    class Json(Serializer):
        def serialize(self, data: Any) -> str:
            return msgspec.json.encode(data, enc_hook=_told).decode()

        def deserialize(self, serialized_data: str) -> Any:
            return msgspec.json.decode(serialized_data)

        def name(self) -> str:
            return "json"

    return Json()


def _speak_through_our_log() -> None:
    speaker = logging.getLogger("dbos")
    # Without any handler DBOS would add one that writes to the terminal in its own form.
    speaker.addHandler(logging.NullHandler())
    speaker.propagate = True
