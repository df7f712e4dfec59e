// A broker's URL as what BullMQ takes for its connection (ioredis).
import { Cluster, Redis } from "ioredis";

/**
 * `redis://[user:password@]host:port[/db]` or `unix:///path/to/socket[?password=…&db=…]` as options;
 * `cluster://host:port`, any server of a cluster, as a client, which BullMQ wants for one.
 */
export function connectionOf(url) {
  const parsed = new URL(url);
  // Workers wait for as long as it takes; BullMQ demands it of blocking connections.
  const shared = { maxRetriesPerRequest: null };
  if (parsed.protocol === "cluster:") {
    return new Cluster([{ host: parsed.hostname, port: Number(parsed.port) }], { redisOptions: shared });
  }
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

/** A client for commands of one's own. */
export function clientOf(connection) {
  return connection instanceof Cluster ? connection : new Redis({ ...connection, lazyConnect: true });
}
