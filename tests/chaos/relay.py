"""TCP between clients and broker, which can cut, swallow and delay."""
import random
import socket
import struct
import threading
import time


class Relay:
    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.pairs, self.lock = [], threading.Lock()
        self.hole_until = self.slow_until = 0.0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=2)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                while time.monotonic() < self.hole_until:
                    time.sleep(0.05)
                if time.monotonic() < self.slow_until:
                    time.sleep(random.uniform(0, 0.2))
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self, rng):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            if rng.random() < 0.5:
                self.pairs.append(pair)
                continue
            for s in pair:
                # A reset, not an orderly end.
                try:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
