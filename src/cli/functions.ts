// faasten functions
import { findRunning } from "./running.ts";

export async function functions(): Promise<void> {
  console.log(JSON.stringify(await findRunning().ask("GET", "/functions"), null, 2));
}
