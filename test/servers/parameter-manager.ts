// A contract server of ours for Parameter Manager, over its REST API, written from its reference alone.
// https://docs.cloud.google.com/secret-manager/parameter-manager/docs/reference/rest/v1/projects.locations.parameters.versions
import { type GoogleServer, Refusal, startGoogle } from "./google-http.ts";

export interface ParameterManager extends GoogleServer {
  /** `parameter`: `projects/<project>/locations/global/parameters/<id>` */
  addVersion(parameter: string, id: string, value: string, disabled?: boolean): void;
}

interface Version {
  readonly id: string;
  readonly createTime: string;
  readonly value: string;
  readonly disabled: boolean;
}

const pageSize = 5;

export async function startParameterManager(): Promise<ParameterManager> {
  const parameters = new Map<string, Version[]>();
  let clock = 0;
  const server = await startGoogle((request, { pathname, searchParams }) => {
    const [, name = "", id] =
      /^\/v1\/(projects\/[^/]+\/locations\/[^/]+\/parameters\/[\w-]{1,63})\/versions(?:\/([\w-]{1,63}))?$/.exec(
        pathname,
      ) ?? [];
    if (request.method !== "GET" || name === "") return undefined;
    const versions = parameters.get(name);
    if (!versions) throw new Refusal("NOT_FOUND", `Resource '${name}' was not found`);
    const told = ({ id, createTime, disabled }: Version) => ({
      name: `${name}/versions/${id}`,
      createTime,
      ...(disabled && { disabled }),
    });
    if (id === undefined) {
      const from = Number(searchParams.get("pageToken") ?? 0);
      const parameterVersions = versions.slice(from, from + pageSize).map(told);
      const more = from + pageSize < versions.length;
      return { status: 200, body: { parameterVersions, ...(more && { nextPageToken: `${from + pageSize}` }) } };
    }
    const version = versions.find((each) => each.id === id);
    if (!version) throw new Refusal("NOT_FOUND", `Resource '${name}/versions/${id}' was not found`);
    const data = Buffer.from(version.value).toString("base64");
    return { status: 200, body: { ...told(version), payload: { data } } };
  });
  return {
    ...server,
    /** In no order that anybody promises. */
    addVersion(parameter, id, value, disabled = false) {
      clock = Math.max(clock + 1, Date.now());
      const version = { id, createTime: new Date(clock).toISOString(), value, disabled };
      parameters.set(
        parameter,
        [version, ...(parameters.get(parameter) ?? [])].sort((a, b) => a.id.localeCompare(b.id)),
      );
    },
  };
}
