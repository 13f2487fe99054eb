"""Conversations in which all is well, as text for mkpcap: conversation(seed).

Servers: strict (stores what it is sent, with its tag), rewriting (alters what it stores and lawfully sends no
tag), lying (alters, and sends a tag all the same), Exchange with tags, ActiveSync. Clients behave: they
guard their updates, read what they were not told, and give way on 412.
"""
WORDS = ["Tea", "Lunch", "Dentist", "Review", "Choir", "Jour fixe", "Standup", "Visit", "Müller & Söhne", "Plan B"]


class Random:
    """splitmix64, as in prop.h: the same numbers everywhere."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9e3779b97f4a7c15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & mask
        z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & mask
        return z ^ (z >> 31)

    def below(self, n):
        return self.next() % n

    def percent(self, n):
        return self.below(100) < n

    def pick(self, some):
        return some[self.below(len(some))]


def xml_text(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Wire:
    """One connection of a client, and how messages go over it."""

    def __init__(self, talk, name, client, server, host, random):
        self.talk, self.name, self.host, self.random = talk, name, host, random
        self.first = f"@conn {name} {client} {server}"
        self.legs = random.percent(40)       # the first request of the connection is asked to log in
        self.expect = random.percent(20)
        self.chunked = random.percent(20)
        self.gzip = False
        self.fresh = True
        self.user = "YW5uYTpzZWNyZXQ="

    def request(self, line, headers, body):
        """Body: a list of lines, or None."""
        lines = [line + " HTTP/1.1", "Host: " + self.host] + headers
        if body is None:
            self.talk.append(f">>> {self.name}")
            self.talk += lines
            return
        length = len("\r\n".join(body).encode())
        if self.expect and length > 300:
            self.talk += [f">>> {self.name}"] + lines + [f"Content-Length: {length}", "Expect: 100-continue"]
            self.talk += [f"<<< {self.name}", "HTTP/1.1 100 Continue", "@data", f">>> {self.name}"] + body
        elif self.gzip:
            self.talk += ["@gzip", f">>> {self.name}"] + lines + \
                ["Content-Encoding: gzip", "Content-Length: {length}", ""] + body
        elif self.chunked:
            self.talk += ["@chunked 150", f">>> {self.name}"] + lines + ["Transfer-Encoding: chunked", ""] + body
        else:
            self.talk += [f">>> {self.name}"] + lines + ["Content-Length: {length}", ""] + body

    def answer(self, status, headers, body):
        self.talk += [f"@wait {1 + self.random.below(40)}ms"]
        if body and self.random.percent(15):
            self.talk += ["@chunked 400", f"<<< {self.name}", "HTTP/1.1 " + status] + headers + \
                ["Transfer-Encoding: chunked", ""] + body
            return
        self.talk += [f"<<< {self.name}", "HTTP/1.1 " + status] + headers
        if status[:3] not in ("204", "304"):
            self.talk += ["Content-Length: {length}", ""] + (body or [])

    def exchange(self, method, target, headers, body, serve):
        """serve() gives (status, headers, body); it is called when the request has been sent."""
        if self.fresh:
            self.talk.append(self.first)
            if self.legs:
                self.request(f"{method} {target}", headers, body)
                self.answer("401 Unauthorized", ['WWW-Authenticate: Basic realm="dav"'], ["no"])
            self.fresh = False
        self.request(f"{method} {target}", headers + ["Authorization: Basic " + self.user], body)
        status, answer, text = serve()
        self.answer(status, answer, text)
        return status, dict(h.split(": ", 1) for h in answer), text

    def pipeline(self, targets, headers, serve):
        """GETs that go out in one packet."""
        for at, target in enumerate(targets):
            self.talk += ["@join"] if at + 1 < len(targets) else []
            self.request(f"GET {target}", headers + ["Authorization: Basic " + self.user], None)
        for target in targets:
            self.answer(*serve(target))


def event(random, uid, override=None):
    """The lines of an event: (uid, what people see of it)."""
    day, hour = 1 + random.below(28), 7 + random.below(10)
    start = f"200610{day:02}T{hour:02}0000Z"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//healthy//EN", "BEGIN:VEVENT", "UID:" + uid,
             "DTSTAMP:20060925T160000Z", "DTSTART:" + start, f"DTEND:200610{day:02}T{hour + 1:02}0000Z",
             f"SUMMARY:{random.pick(WORDS)} {random.below(1000)}"]
    if override or random.percent(20):
        lines += ["RRULE:FREQ=WEEKLY;COUNT=8"]
    if random.percent(20):
        lines += ["ORGANIZER:mailto:anna@example.com", "ATTENDEE:mailto:anna@example.com",
                  "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:otto@example.com"]
    lines += ["END:VEVENT"]
    if override:
        lines += ["BEGIN:VEVENT", "UID:" + uid, "RECURRENCE-ID:" + start, "DTSTAMP:20060925T160000Z",
                  f"DTSTART:200610{day:02}T{hour + 2:02}0000Z", f"DTEND:200610{day:02}T{hour + 3:02}0000Z",
                  "SUMMARY:moved", "END:VEVENT"]
    return lines + ["END:VCALENDAR"]


class Server:
    """CalDAV. Collections hold {name: (lines, tag)}; each has a log for its tokens."""

    def __init__(self, kind, random):
        self.kind, self.random, self.tags = kind, random, 0
        self.items, self.log = {}, {}
        self.forgets = True                  # a token is refused once at most

    def collection(self, path):
        self.items.setdefault(path, {})
        self.log.setdefault(path, [])

    def store(self, path, name, lines):
        if self.kind != "strict":
            head, tail = lines[:4], lines[4:]
            at = tail.index("END:VEVENT")
            tail = sorted(tail[:at], key=lambda line: (not line.startswith("UID"), line)) + tail[at:]
            lines = head + tail
        if self.kind == "rewriting" and "X-SERVER-NOTE:checked" not in lines:
            lines = lines[:-2] + ["X-SERVER-NOTE:checked"] + lines[-2:]
        self.tags += 1
        self.items[path][name] = (lines, f'"t{self.tags}"')
        self.log[path].append(name)

    def token(self, path):
        return f"http://dav.example/ns/sync/{len(self.log[path])}"

    def put(self, path, name, lines, guard):
        old = self.items[path].get(name)
        if (guard == "*" and old) or (guard not in ("*", None) and (not old or old[1] != guard)):
            return "412 Precondition Failed", [], ["no"]
        self.store(path, name, lines)
        headers = [] if self.kind == "rewriting" else ["ETag: " + self.items[path][name][1]]
        return ("204 No Content" if old else "201 Created"), headers, None

    def get(self, path, name):
        if name not in self.items[path]:
            return "404 Not Found", [], ["no"]
        lines, tag = self.items[path][name]
        return "200 OK", ["Content-Type: text/calendar; charset=utf-8", "ETag: " + tag], lines

    def delete(self, path, name, guard):
        if name not in self.items[path]:
            return "404 Not Found", [], ["no"]
        if guard and self.items[path][name][1] != guard:
            return "412 Precondition Failed", [], ["no"]
        del self.items[path][name]
        self.log[path].append(name)
        return self.random.pick(["204 No Content", "200 OK"]), [], None

    def multistatus(self, responses, extra=""):
        return "207 Multi-Status", ["DAV: 1, 3, calendar-access", "Content-Type: application/xml; charset=utf-8"], [
            '<?xml version="1.0" encoding="utf-8"?>',
            '<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
            'xmlns:CS="http://calendarserver.org/ns/">'] + responses + [extra + "</multistatus>"]

    def row(self, path, name, data=False):
        if name not in self.items[path]:
            return [f"<response><href>{path}{name}</href><status>HTTP/1.1 404 Not Found</status></response>"]
        lines, tag = self.items[path][name]
        out = [f"<response><href>{path}{name}</href><propstat><prop><getetag>{tag}</getetag>"]
        if data:
            out += ["<C:calendar-data>" + xml_text(lines[0])] + [xml_text(line) for line in lines[1:]]
            out[-1] += "</C:calendar-data>"
        out[-1] += "</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
        return out

    def listing(self, path):
        self_row = f"<response><href>{path}</href><propstat><prop><resourcetype><collection/><C:calendar/>" \
            "</resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response>"
        return self.multistatus([self_row] + [r for n in sorted(self.items[path]) for r in self.row(path, n)])

    def status_of(self, path):
        return self.multistatus([
            f"<response><href>{path}</href><propstat><prop><CS:getctag>{len(self.log[path])}</CS:getctag>"
            f"<sync-token>{self.token(path)}</sync-token></prop><status>HTTP/1.1 200 OK</status></propstat></response>"])

    def multiget(self, path, names):
        return self.multistatus([r for n in names for r in self.row(path, n, True)])

    def delta(self, path, token):
        if token == "":
            names = sorted(self.items[path])
        elif not token.startswith("http://dav.example/ns/sync/"):
            return "403 Forbidden", ["Content-Type: application/xml"], [
                '<?xml version="1.0"?>', '<error xmlns="DAV:"><valid-sync-token/></error>']
        else:
            names = sorted(set(self.log[path][int(token.rsplit("/", 1)[1]):]))
        return self.multistatus([r for n in names for r in self.row(path, n)],
                                f"<sync-token>{self.token(path)}</sync-token>")


class Client:
    """Knows {name: (lines, tag or None)} of its collection."""

    def __init__(self, kind, wire, server, path, agent):
        self.kind, self.wire, self.server, self.path, self.agent = kind, wire, server, path, agent
        self.known, self.token, self.random = {}, None, wire.random
        self.url = path                      # how the collection is called in requests
        self.wire.gzip = kind == "ios"
        self.wire.chunked = kind == "evolution" and wire.random.percent(70)

    def ask(self, method, target, headers, body, serve):
        def named():
            status, answer, text = serve()
            return status, answer, [line.replace(self.path, self.url) for line in text] if text else text
        body = [line.replace(self.path, self.url) for line in body] if body else body
        return self.wire.exchange(method, target.replace(self.path, self.url), ["User-Agent: " + self.agent] + headers,
                                  body, named)

    def discover(self):
        if self.random.percent(30):
            self.ask("PROPFIND", "/.well-known/caldav", ["Depth: 0"], None,
                     lambda: ("301 Moved Permanently", ["Location: http://dav.example.com/dav/"], None))
        self.ask("OPTIONS", self.path, [], None,
                 lambda: ("200 OK", ["DAV: 1, 3, calendar-access", "Allow: OPTIONS, GET, PUT, DELETE, PROPFIND, REPORT"],
                          None))

    def propfind(self, depth, serve):
        body = ['<?xml version="1.0" encoding="utf-8"?>',
                '<propfind xmlns="DAV:" xmlns:CS="http://calendarserver.org/ns/"><prop><getetag/><resourcetype/>'
                '<CS:getctag/><sync-token/></prop></propfind>']
        return self.ask("PROPFIND", self.path, ["Depth: " + depth, "Content-Type: application/xml"], body, serve)

    def fetch(self, names):
        """Reads them, in one REPORT or one by one."""
        names = list(names)
        for at in range(0, len(names) if self.kind != "evolution" else 0, 20):
            some = names[at:at + 20]
            body = ['<?xml version="1.0" encoding="utf-8"?>',
                    '<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
                    "<prop><getetag/><C:calendar-data/></prop>"] + \
                [f"<href>{self.path}{n}</href>" for n in some] + ["</C:calendar-multiget>"]
            self.ask("REPORT", self.path, ["Depth: 1", "Content-Type: application/xml"], body,
                     lambda some=some: self.server.multiget(self.path, some))
        if self.kind == "evolution" and len(names) > 1 and not self.wire.fresh and self.random.percent(30):
            self.wire.pipeline([self.url + name for name in names], ["User-Agent: " + self.agent],
                               lambda target: self.server.get(self.path, target.rsplit("/", 1)[1]))
        for name in names if self.kind == "evolution" else []:
            self.ask("GET", self.path + name, [], None, lambda name=name: self.server.get(self.path, name))
        for name in names:
            self.learn(name)

    def learn(self, name):
        if name in self.server.items[self.path]:
            self.known[name] = self.server.items[self.path][name]
        else:
            self.known.pop(name, None)

    def pull(self):
        """Brings the client up to date."""
        before = {n: tag for n, (_, tag) in self.known.items()}
        if self.kind in ("davx5", "thunderbird", "ios"):
            self.propfind("0", lambda: self.server.status_of(self.path))
            if self.token is None:
                self.token = ""
            elif self.server.forgets and self.random.percent(5):
                self.token, self.server.forgets = "data:,old", False
            self.delta()
        else:
            self.propfind("1", lambda: self.server.listing(self.path))
        now = {n: tag for n, (_, tag) in self.server.items[self.path].items()}
        for name in set(before) - set(now):
            del self.known[name]
        self.fetch(sorted(n for n in now if before.get(n) != now[n]))

    def delta(self):
        depth = ["Depth: 1"] if self.kind == "thunderbird" else ["Depth: 0"]
        for _ in range(2):
            body = ['<?xml version="1.0" encoding="utf-8"?>',
                    f'<sync-collection xmlns="DAV:"><sync-token>{self.token}</sync-token><sync-level>1</sync-level>'
                    "<prop><getetag/></prop></sync-collection>"]
            status, _, _ = self.ask("REPORT", self.path, depth + ["Content-Type: application/xml"], body,
                                    lambda: self.server.delta(self.path, self.token))
            if status.startswith("207"):
                self.token = self.server.token(self.path)
                return
            self.token = ""

    def put(self, name, lines, guard):
        condition = "If-None-Match: *" if guard == "*" else "If-Match: " + guard
        status, headers, _ = self.ask(
            "PUT", self.path + name, [condition, "Content-Type: text/calendar; charset=utf-8"], lines,
            lambda: self.server.put(self.path, name, lines, guard))
        if not status.startswith("2"):
            return False
        if "ETag" in headers and self.kind != "thunderbird":
            self.known[name] = (lines if self.server.kind == "strict" else self.server.items[self.path][name][0],
                                headers["ETag"])
        else:
            self.fetch([name])
        return True

    def create(self, uid):
        name = uid + ".ics"
        self.put(name, event(self.random, uid, self.random.percent(15)), "*")

    def update(self):
        if not self.known:
            return
        name = self.random.pick(sorted(self.known))
        for _ in range(2): # who is refused reads, and then has another try
            lines, tag = self.known[name]
            changed = [f"SUMMARY:{self.random.pick(WORDS)} {self.random.below(1000)}" if x.startswith("SUMMARY:")
                       and x != "SUMMARY:moved" else x for x in lines]
            if self.put(name, changed, tag):
                return
            self.fetch([name])
            if name not in self.known:
                return

    def remove(self):
        if not self.known:
            return
        name = self.random.pick(sorted(self.known))
        tag = self.known[name][1]
        status, _, _ = self.ask("DELETE", self.path + name, ["If-Match: " + tag], None,
                                lambda: self.server.delete(self.path, name, tag))
        if status.startswith("412"):
            self.fetch([name])
        else:
            self.known.pop(name, None)

    def move(self, to):
        """To the other calendar, by MOVE."""
        if not self.known or to == self.path:
            return
        self.pull()
        names = sorted(n for n in self.known if n not in self.server.items[to])
        if not names:
            return
        name = self.random.pick(names)

        def serve():
            lines, _ = self.server.items[self.path].pop(name)
            self.server.log[self.path].append(name)
            self.server.store(to, name, lines)
            return "201 Created", [], None
        self.ask("MOVE", self.path + name, [f"Destination: http://dav.example.com{to}{name}", "Overwrite: F"], None, serve)
        del self.known[name]


AGENTS = {"davx5": "DAVx5/4.4-ose (2024/04/12; dav4jvm; okhttp/4.12.0) Android/14", "vdirsyncer": "vdirsyncer/0.19.0",
          "thunderbird": "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.0",
          "evolution": "Evolution/3.46.4", "ios": "iOS/17.4 (21E219) dataaccessd/1.0"}


def caldav(random, talk):
    server = Server(random.pick(["strict", "strict", "rewriting", "lying"]), random)
    paths = ["/dav/anna/work/", "/dav/anna/home/"]
    for path in paths:
        server.collection(path)
        for n in range(random.below(6)):
            server.store(path, f"old{n}.ics", event(random, f"old{n}-{path[-3:-1]}@example.com"))
    clients = []
    for n in range(1 + random.below(2)):
        kind = random.pick(sorted(AGENTS))
        path = paths[0] if n == 0 or random.percent(70) else paths[1]
        wire = Wire(talk, f"c{n}", f"10.0.0.{n + 1}:{40000 + n}", "10.0.1.1:80", "dav.example.com", random)
        clients.append(Client(kind, wire, server, path, AGENTS[kind]))
        if n == 1 and random.percent(50):
            wire.user = "b3R0bzpzZWNyZXQ="
            if random.percent(40):           # a calendar that is shared for reading, under a name of its own
                clients[1].url = "/dav/otto/shared/"
    for client in clients:
        client.discover()
        client.pull()
    uids = 0
    for _ in range(10 + random.below(25)):
        client = random.pick(clients)
        at = random.below(100) if client.url == client.path else 99
        if at < 35:
            for _ in range(1 if random.percent(90) else 25): # an import
                uids += 1
                client.create(f"e{uids}-{client.kind}")
        elif at < 60:
            client.update()
        elif at < 70:
            client.remove()
        elif at < 75:
            client.move(random.pick(paths))
        else:
            client.pull()
        if random.percent(20):
            talk.append(f"@close {client.wire.name}")
        talk.append(f"@wait {random.pick(['200ms', '2s', '30s', '8m']) if random.percent(98) else '3h'}")


# ---- ActiveSync ----

TOKENS = {"Sync": (0, 0x05), "Responses": (0, 0x06), "Add": (0, 0x07), "Change": (0, 0x08), "Delete": (0, 0x09),
          "SyncKey": (0, 0x0b), "ClientId": (0, 0x0c), "ServerId": (0, 0x0d), "Status": (0, 0x0e),
          "Collection": (0, 0x0f), "Class": (0, 0x10), "CollectionId": (0, 0x12), "GetChanges": (0, 0x13),
          "Commands": (0, 0x16), "Collections": (0, 0x1c), "ApplicationData": (0, 0x1d), "EndTime": (4, 0x12),
          "Subject": (4, 0x26), "StartTime": (4, 0x27), "UID": (4, 0x28)}


def wbxml(node):
    """(name, text or list of nodes) to the lines of a @hex body."""
    out, page = [0x03, 0x01, 0x6a, 0x00], [0]

    def put(name, content):
        at, token = TOKENS[name]
        if at != page[0]:
            out.extend([0x00, at])
            page[0] = at
        out.append(token | (0x40 if content else 0))
        if isinstance(content, str) and content:
            out.extend([0x03] + list(content.encode()) + [0x00])
        elif content:
            for child in content:
                put(*child)
        if content:
            out.append(0x01)
    put(*node)
    return [" ".join(f"{b:02x}" for b in out[i:i + 24]) for i in range(0, len(out), 24)]


class Device:
    """A phone and its server, which knows the pair of SyncKey and ClientId again."""

    def __init__(self, random, talk):
        self.random, self.talk, self.key, self.ids, self.port = random, talk, 1, 0, 49152
        self.known, self.clients = [], 0

    def post(self, collection, answer, lost=False):
        """`answer`: nodes of the collection, or None: nothing is new."""
        query = "/Microsoft-Server-ActiveSync?User=anna&DeviceId=PHONE1&DeviceType=SmartPhone&Cmd=Sync"
        self.port += 1
        self.talk += [f"@conn d{self.port} 192.0.2.10:{self.port} 192.0.2.1:80", "@hex", f">>> d{self.port}",
                      f"POST {query} HTTP/1.1", "Host: mail.example.com", "MS-ASProtocolVersion: 14.1",
                      "User-Agent: Apple-iPhone15C2/2104.219", "Authorization: Basic YW5uYTpzZWNyZXQ=",
                      "Content-Type: application/vnd.ms-sync.wbxml", "Content-Length: {length}", ""]
        self.talk += wbxml(("Sync", [("Collections", [("Collection", collection)])]))
        self.talk.append("@wait 30ms")
        if lost:
            self.talk.append(f"@rst d{self.port} server")
            return
        body = wbxml(("Sync", [("Collections", [("Collection", answer)])])) if answer else []
        self.talk += ["@hex"] if body else []
        self.talk += [f"<<< d{self.port}", "HTTP/1.1 200 OK", "MS-Server-ActiveSync: 14.1",
                      "Content-Type: application/vnd.ms-sync.wbxml", "Content-Length: {length}", ""] + body
        self.talk.append(f"@close d{self.port}")

    def sync(self, commands, responses, news=(), lost=False):
        old = "0" if self.key == 1 else f"{{K}}{self.key}"
        request = [("SyncKey", old), ("CollectionId", "c1")] + ([("GetChanges", "1")] if self.key > 1 else [])
        request += [("Commands", commands)] if commands else []
        answer = [("Class", "Calendar"), ("SyncKey", f"{{K}}{self.key + 1}"), ("CollectionId", "c1"), ("Status", "1")]
        answer += [("Commands", list(news))] if news else []
        answer += [("Responses", responses)] if responses else []
        if lost:
            self.post(request, None, lost=True)
        self.post(request, answer)
        self.key += 1

    def data(self, uid=None):
        day = 1 + self.random.below(28)
        fields = [("Subject", f"{self.random.pick(WORDS[:6])} {self.random.below(1000)}"),
                  ("StartTime", f"200610{day:02}T140000Z"), ("EndTime", f"200610{day:02}T150000Z")]
        return ("ApplicationData", fields + ([("UID", uid)] if uid else []))

    def act(self):
        at = self.random.below(100)
        self.ids += 1
        server_id = f"c1:{self.ids}"
        if at < 40:
            self.clients += 1
            client_id = str(self.clients)
            self.sync([("Add", [("ClientId", client_id), self.data(f"uid{self.ids}@phone")])],
                      [("Add", [("ClientId", client_id), ("ServerId", server_id), ("Status", "1")])],
                      lost=self.random.percent(15))
            self.known.append(server_id)
        elif at < 60 and self.known:
            self.sync([("Change", [("ServerId", self.random.pick(self.known)), self.data()])], [])
        elif at < 70 and self.known:
            self.sync([("Delete", [("ServerId", self.known.pop(self.random.below(len(self.known))))])], [])
        elif at < 85:
            self.sync([], [], news=[("Add", [("ServerId", server_id), self.data(f"uid{self.ids}@server")])])
            self.known.append(server_id)
        else:
            self.sync([], [])


def activesync(random, talk):
    device = Device(random, talk)
    device.sync([], [])
    for _ in range(8 + random.below(20)):
        device.act()
        talk.append(f"@wait {random.pick(['2s', '40s', '9m'])}")


# ---- Exchange ----

G = "8996592620a48a4393901c9368f7c518"


class Store:
    """The mailbox server behind a front end; its answers carry their tags."""

    def __init__(self, random, talk):
        self.random, self.talk, self.change, self.items, self.number = random, talk, 0x2000, {}, 0x1500

    def tag(self, n):
        self.change += 1
        return f"rt:{G}{n:012x}{G}{self.change:012x}"

    def send(self, line, headers, body, status, answer, text=None):
        self.talk += [">>> fe", line + " HTTP/1.1", "Host: be01.example.com",
                      "User-Agent: Microsoft-Server-ActiveSync/6.5.7638.1", "Translate: f"] + headers
        self.talk += ["Content-Length: {length}", ""] + body if body else []
        self.talk += [f"@wait {5 + self.random.below(60)}ms", "<<< fe", "HTTP/1.1 " + status,
                      "Server: Microsoft-IIS/6.0", "MS-WebStorage: 6.5.7638"] + answer
        self.talk += ["Content-Length: {length}", ""] + (text or [])

    def write(self, path, number, lines, guard):
        tag = self.tag(number)
        created = guard == "If-None-Match: *"
        self.send("PUT " + path, [guard, "Content-Type: message/rfc822"],
                  ["content-class: urn:content-classes:appointment",
                   'Content-Type: text/calendar; method=PUBLISH; charset="utf-8"', ""] + lines,
                  "201 Created" if created else "200 OK",
                  [f"Repl-UID: <rid:{G}{number:012x}>", f"ResourceTag: <{tag}>"])
        self.items[path] = (number, tag, lines)

    def act(self):
        at = self.random.below(100)
        if at < 50 or not self.items:
            self.number += 1
            number = self.number
            lines = event(self.random, f"u{number:x}@fe01")
            self.write(f"/exchange/anna/Calendar/Item{number:x}.EML", number, lines, "If-None-Match: *")
        elif at < 75:
            path = self.random.pick(sorted(self.items))
            number, tag, lines = self.items[path]
            lines = [x + "!" if x.startswith("SUMMARY") else x for x in lines]
            self.write(path, number, lines, f"If: (<{tag}>)")
        elif at < 85:
            path = self.random.pick(sorted(self.items))
            name = path.rsplit("/", 1)[1]
            self.send("MOVE " + path, ["Destination: http://be01.example.com/exchange/anna/Deleted%20Items/" + name,
                                       "Allow-Rename: t"], None, "201 Created", [])
            del self.items[path]
        else:
            self.search()

    def search(self):
        rows = []
        for path in sorted(self.items):
            number, tag, _ = self.items[path]
            rows += [f"<a:response><a:href>http://be01.example.com{path}</a:href><a:propstat>"
                     f"<a:status>HTTP/1.1 200 OK</a:status><a:prop><b:repl-uid>rid:{G}{number:012x}</b:repl-uid>",
                     f"<b:resourcetag>{tag}</b:resourcetag></a:prop></a:propstat></a:response>"]
        self.send("SEARCH /exchange/anna/Calendar/", ["Content-Type: text/xml"],
                  ['<?xml version="1.0"?>', '<a:searchrequest xmlns:a="DAV:"><a:sql>SELECT '
                   '"http://schemas.microsoft.com/repl/repl-uid", "http://schemas.microsoft.com/repl/resourcetag" '
                   "FROM SCOPE('SHALLOW TRAVERSAL OF \"\"')</a:sql></a:searchrequest>"],
                  "207 Multi-Status", ["Content-Type: text/xml"],
                  ['<?xml version="1.0"?>',
                   '<a:multistatus xmlns:a="DAV:" xmlns:b="http://schemas.microsoft.com/repl/">'] + rows +
                  ["</a:multistatus>"])


def exchange(random, talk):
    store = Store(random, talk)
    talk.append("@conn fe 10.0.0.1:1061 10.0.0.2:80")
    for _ in range(10 + random.below(20)):
        store.act()
        talk.append(f"@wait {random.pick(['200ms', '20s', '9m'])}")
        if random.percent(20):
            talk.append("@close fe")


def conversation(seed):
    random = Random(seed)
    talk = ["@mss 536"] if random.percent(20) else []
    random.pick([caldav, caldav, caldav, activesync, exchange])(random, talk)
    return "\n".join(talk) + "\n"
