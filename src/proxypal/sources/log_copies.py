"""Whether one log file is a copy of the beginning of another that lies beside it.

A copy being made (copytruncate, gzip) and a copy somebody kept must not be taken for an older
state that was put back. Must not enter: positions beyond the one asked about.
"""

from collections.abc import Sequence

from proxypal.sources.log_files import LogFile, OpenLog
from proxypal.sources.log_identity import SAMPLE_BYTES, Continue, KnownLog, beginning_of, match


def is_contained(log: OpenLog, known: KnownLog, others: Sequence[LogFile]) -> bool:
    """Whether another file is the log that `known` continues, and begins with what `log` holds."""
    size = log.size()
    sample = min(size, SAMPLE_BYTES)
    end = log.read_at(size - sample, sample)
    for file in others:
        try:
            with OpenLog(file.path) as other:
                beginning = beginning_of(other.read_at(0, SAMPLE_BYTES))
                if (
                    beginning is not None
                    and isinstance(match(beginning, other.read_at, [known]), Continue)
                    and other.read_at(size - sample, sample) == end
                ):
                    return True
        except OSError:
            continue
    return False
