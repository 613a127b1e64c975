"""These read what comes in on a socket, until a mark or the end."""

import socket


def read_all(peer: socket.socket) -> bytes:
    received = b""
    while data := peer.recv(1 << 16):
        received += data
    return received


def read_until(peer: socket.socket, mark: bytes) -> bytes:
    received = b""
    while mark not in received:
        data = peer.recv(1 << 16)
        assert data, received
        received += data
    return received
