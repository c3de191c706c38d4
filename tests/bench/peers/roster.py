"""The peers, by name."""

from __future__ import annotations

from tests.bench.peers.bauta import BAUTA
from tests.bench.peers.course import Peer
from tests.bench.peers.pg_anon import PG_ANON
from tests.bench.peers.pganonymize import PGANONYMIZE
from tests.bench.peers.pynonymizer import PYNONYMIZER

PEERS: dict[str, Peer] = {peer.name: peer for peer in (PG_ANON, BAUTA, PGANONYMIZE, PYNONYMIZER)}
