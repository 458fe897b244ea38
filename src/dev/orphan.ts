// The thread that ends its process soon after the server was killed, whatever that process is doing.
import { workerData } from "node:worker_threads";

const parent: unknown = workerData;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 500);
