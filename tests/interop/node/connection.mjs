// A broker's URL as the connection options of BullMQ (ioredis).

/** `redis://[user:password@]host:port[/db]` or `unix:///path/to/socket[?password=…&db=…]`. */
export function connectionOptions(url) {
  const parsed = new URL(url);
  // Workers wait for as long as it takes; BullMQ demands it of blocking connections.
  const shared = { maxRetriesPerRequest: null };
  if (parsed.protocol === "unix:") {
    return {
      ...shared,
      path: decodeURIComponent(parsed.pathname),
      username: parsed.searchParams.get("username") ?? undefined,
      password: parsed.searchParams.get("password") ?? undefined,
      db: Number(parsed.searchParams.get("db") ?? 0),
    };
  }
  return {
    ...shared,
    host: parsed.hostname,
    port: Number(parsed.port || 6379),
    username: decodeURIComponent(parsed.username) || undefined,
    password: decodeURIComponent(parsed.password) || undefined,
    db: Number(parsed.pathname.slice(1) || 0),
  };
}
