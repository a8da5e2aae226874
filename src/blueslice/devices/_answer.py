"""How long an instrument's answer is waited for, and what is said when none has come."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from blueslice.devices._calls import begin_call
from blueslice.errors import BluesliceError, InstrumentError, StorageError

__all__ = [
    "NoAnswerError",
    "answer_limit_s",
    "ask",
    "await_answer",
    "await_disk",
    "disk_hangs",
    "driver_failed",
    "no_answer",
    "one_line",
    "see_through",
    "stop_limit_s",
]

# All that a device waits for goes by these two. The first is what a trial may take beyond its own
# length: computing a simulated one, or a slow start of the instruments, fits in it.
ANSWER_MARGIN_S = 30.0
# The second is for what has to be safe at once: an answer to stop, and a thread to end after it.
STOP_MARGIN_S = 5.0


class NoAnswerError(InstrumentError):
    """An instrument has not answered: whether it did what it was asked is not known."""


def answer_limit_s(trial_s: float = 0.0) -> float:
    """Return how long to wait for an answer, in s.

    Parameters
    ----------
    trial_s : float
        Length of the trial that the instrument answers after; 0 when it needs none.
    """
    return trial_s + ANSWER_MARGIN_S


def stop_limit_s() -> float:
    """Return how long to wait until an instrument has stopped, in s."""
    return STOP_MARGIN_S


def no_answer(device: str, asked: str, waited_s: float) -> NoAnswerError:
    """Make the error of an instrument that did not answer.

    Parameters
    ----------
    device : str
        Its name on the rig.
    asked : str
        What it was asked, such as ``to be ready for a trial``.
    waited_s : float
        For how long it had time to answer.
    """
    return NoAnswerError(
        f"{device or 'an instrument'} was asked {asked} and has not answered for {waited_s:g} s; "
        "check its power and its cable, then start the protocol again"
    )


def disk_hangs(path: Path, waited_s: float, trial: int | None = None) -> StorageError:
    """Make the error of a disk that takes nothing more, such as that of a share that has gone.

    Parameters
    ----------
    path : Path
        The raw data file.
    waited_s : float
        For how long it had time.
    trial : int, optional
        The trial in hand, 0 for the first of the run, which is lost.
    """
    lost = "" if trial is None else f"trial {trial + 1} is lost, those before are kept: "
    return StorageError(
        f"{lost}the raw data file {path} has taken nothing for {waited_s:g} s, its disk hangs; "
        "check the disk or choose another data directory, then start the protocol again"
    )


def driver_failed(device: str, asked: str, error: BaseException) -> InstrumentError:
    """Make the error of a driver that raised something of its own, which seldom names the device.

    Parameters
    ----------
    device : str
        Its name on the rig.
    asked : str
        What it was asked, such as ``to be ready for a trial``.
    error : BaseException
        What it raised; to be given as the cause.
    """
    text = one_line(error) if isinstance(error, Exception) else repr(error)
    return InstrumentError(
        f"{device or 'an instrument'} was asked {asked} and failed ({text}); check its "
        "power, its cable and its driver, then start the protocol again"
    )


def one_line(error: BaseException) -> str:
    """Return what an error says without line breaks, or its kind when it says nothing.

    Of a driver's failure only what the driver said: for a line that names the device itself.
    """
    cause = error.__cause__
    if isinstance(error, InstrumentError) and isinstance(cause, Exception):
        error = error if isinstance(cause, BluesliceError) else cause
    return " ".join(str(error).split()) or type(error).__name__


async def await_answer(
    future: asyncio.Future[Any], device: str, asked: str, limit_s: float | None = None
) -> Any:
    """Wait for a call that was begun.

    Raises
    ------
    InstrumentError
        When it has not returned after `limit_s` (by default: `answer_limit_s`). It goes on in its
        thread, and whatever comes of it is for nobody. Also when it raised an error that is none
        of blueslice's, which is then its cause.
    """
    limit_s = answer_limit_s() if limit_s is None else limit_s
    if not await _is_done(future, limit_s):
        raise no_answer(device, asked, limit_s)
    try:
        return future.result()
    except BluesliceError:
        raise
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        # A driver that exits would end the loop's thread.
        raise driver_failed(device, asked, error) from error


async def await_disk(future: asyncio.Future[Any], path: Path, limit_s: float | None = None) -> Any:
    """Wait for a file to be written, as `await_answer` does for an instrument.

    Raises
    ------
    StorageError
        When that is not done after `limit_s`.
    """
    limit_s = answer_limit_s() if limit_s is None else limit_s
    if not await _is_done(future, limit_s):
        raise disk_hangs(path, limit_s)
    return future.result()


async def _is_done(future: asyncio.Future[Any], limit_s: float) -> bool:
    # Not `wait_for`, which before Python 3.12 loses a cancellation that comes with the answer.
    done, _ = await asyncio.wait([future], timeout=limit_s)
    return bool(done)


async def ask(
    device: str,
    asked: str,
    function: Callable[..., Any],
    *args: object,
    limit_s: float | None = None,
) -> Any:
    """Make a blocking call in a thread of its own and wait for it; see `await_answer`."""
    return await await_answer(begin_call(function, *args), device, asked, limit_s)


async def see_through(work: Coroutine[Any, Any, None]) -> None:
    """Do something to its end even if it is cancelled.

    A stop that is cut short leaves light on, and a RunEngine that is cancelled in its last stop
    never becomes idle again.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
        except Exception:
            break
    task.result()
