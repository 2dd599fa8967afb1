import { connect, GrpcError } from 'synod/grpc'
import type { ChannelTls, GrpcChannel } from 'synod/grpc'
import { ProtoReader, ProtoWriter, WireError } from '../proto/wire.ts'
import { parseAddresses } from './addresses.ts'
import type { Address } from './addresses.ts'
import { CommandError, exitCodes, UsageError } from './exit.ts'
import type { Setting } from './options.ts'
import { clientTlsOf, clientTlsSettings } from '../tls/client-settings.ts'
import type { ClientTlsOptions } from '../tls/client-settings.ts'

/** What every command that talks to a cluster takes. */
export const clientSettings: readonly Setting[] = [
  {
    flag: '--endpoints',
    argument: 'urls',
    fallback: '127.0.0.1:2379',
    description: 'members to ask, in order, separated by commas; https:// is assumed where certificates are given',
  },
  {
    flag: '--command-timeout',
    argument: 'time',
    fallback: '10s',
    description: 'how long one command may take, such as 500ms or 10s',
  },
  ...clientTlsSettings,
  { flag: '--json', description: 'print one JSON object' },
]

export interface ClientOptions extends ClientTlsOptions {
  readonly endpoints: string
  readonly commandTimeout: string
  readonly json?: boolean
}

type Metadata = Readonly<Record<string, string>>

/** Of what changes something. */
interface ChangeOptions {
  readonly metadata?: Metadata
  /** What may have happened, or may still, when nobody knows: "The outcome is unknown: …". */
  readonly unknown?: string
}

/** gRPC's codes for what another member may answer better: cancelled, deadline exceeded, unavailable. */
const elsewhere: ReadonlySet<number> = new Set([1, 4, 14])
/** A learner serves little; a voter may serve this. etcd's code for it means many another thing too. */
const byVotersOnly = 'etcdserver: rpc not supported for learner'
/** Those after which a write may have been applied; besides these: unknown, internal. */
const uncertain: ReadonlySet<number> = new Set([1, 2, 4, 13, 14])

/**
 * A client of several members. A question goes to the next member when one does not answer. A write does so only when
 * it certainly was not applied: the connection failed before it was sent, or the member said so.
 */
export class Client {
  readonly addresses: readonly Address[]
  private readonly tls: ChannelTls | undefined
  private readonly deadline: number
  private readonly channels = new Map<string, GrpcChannel>()
  private readonly out = new ProtoWriter()

  constructor(options: ClientOptions) {
    this.tls = clientTlsOf(options)
    // Whoever gives certificates means TLS.
    this.addresses = parseAddresses(options.endpoints, '--endpoints', this.tls === undefined ? 'http' : 'https')
    const plain = this.addresses.find(({ secure }) => !secure)
    if (this.tls !== undefined && plain !== undefined) {
      throw new UsageError(
        `--endpoints: ${plain.url} is plaintext, and certificates are given: write https://, or leave them out`,
      )
    }
    this.deadline = performance.now() + parseTime(options.commandTimeout)
  }

  /** Asks one member after the other until one answers. */
  async ask<Answer>(
    path: string,
    write: (out: ProtoWriter) => void,
    read: (input: ProtoReader) => Answer,
  ): Promise<Answer> {
    const failures: string[] = []
    for (const [i, address] of this.addresses.entries()) {
      try {
        // A member that does not even refuse leaves time for the others.
        return await this.askOne(address, path, write, read, this.remaining / (this.addresses.length - i))
      } catch (error) {
        if (!(error instanceof GrpcError)) throw error
        if (!mayGoOn(error)) throw new CommandError(error.message)
        failures.push(`${address.url}: ${error.message}`)
      }
    }
    throw nobodyAnswered(failures)
  }

  /** The same for what changes something: never sent twice unless the first was certainly not applied. */
  async change<Answer>(
    path: string,
    write: (out: ProtoWriter) => void,
    read: (input: ProtoReader) => Answer,
    { metadata, unknown = writeUnknown }: ChangeOptions = {},
  ): Promise<Answer> {
    const failures: string[] = []
    for (const address of this.addresses) {
      try {
        return await this.askOne(address, path, write, read, this.remaining, metadata)
      } catch (error) {
        if (!(error instanceof GrpcError)) throw error
        if (mayBeApplied(error)) throw outcomeUnknown(`${address.url}: ${explained(error)}`, unknown)
        if (!mayGoOn(error)) throw new CommandError(explained(error))
        failures.push(`${address.url}: ${explained(error)}`)
      }
    }
    throw nobodyAnswered(failures)
  }

  /** The same, of this member and no other. */
  async changeAt<Answer>(
    address: Address,
    path: string,
    write: (out: ProtoWriter) => void,
    read: (input: ProtoReader) => Answer,
    { metadata, unknown = writeUnknown }: ChangeOptions = {},
  ): Promise<Answer> {
    try {
      return await this.askOne(address, path, write, read, this.remaining, metadata)
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error
      const said = `${address.url}: ${explained(error)}`
      if (mayBeApplied(error)) throw outcomeUnknown(said, unknown)
      throw new CommandError(said)
    }
  }

  private get remaining(): number {
    return this.deadline - performance.now()
  }

  /** Asks this member and no other. Rejects with a `GrpcError`. */
  async askOne<Answer>(
    address: Address,
    path: string,
    write: (out: ProtoWriter) => void,
    read: (input: ProtoReader) => Answer,
    patience: number = this.remaining,
    metadata: Metadata = {},
  ): Promise<Answer> {
    write(this.out.reset())
    const options = { timeout: Math.max(1, patience), metadata }
    const answer = await this.channel(address).unary(path, this.out.finish(), options)
    try {
      return read(new ProtoReader(answer))
    } catch (error) {
      if (error instanceof WireError)
        throw new CommandError(`${address.url}: its answer to ${path} cannot be read: ${error.message}`)
      throw error
    }
  }

  private channel(address: Address): GrpcChannel {
    const known = this.channels.get(address.url)
    if (known !== undefined) return known
    const channel = connect(address.host, address.port, { tls: address.secure ? (this.tls ?? {}) : undefined })
    this.channels.set(address.url, channel)
    return channel
  }

  close(): void {
    for (const channel of this.channels.values()) channel.close()
  }
}

function nobodyAnswered(failures: readonly string[]): CommandError {
  const refused = failures.every((failure) => failure.includes('ECONNREFUSED'))
  const hint = refused ? ['Is it running? `synod cluster dev` starts a cluster, `synod start` one member.'] : []
  return new CommandError([...failures, ...hint].join('\n'))
}

const writeUnknown = 'the write may have been applied, or may still be. Read before you repeat it.'

function outcomeUnknown(said: string, what: string): CommandError {
  return new CommandError(`${said}\nThe outcome is unknown: ${what}`, exitCodes.unknown)
}

/** What clients match on, and what the server adds for people. */
function explained({ message, trailers }: GrpcError): string {
  const reason = trailers.get('synod-reason')
  return reason === undefined || message.includes(reason) ? message : `${message} (${reason})`
}

/** Another member may answer better. */
function mayGoOn({ code, message }: GrpcError): boolean {
  return elsewhere.has(code) || message === byVotersOnly
}

/** Unless the request never left, or the member says that it will not be applied. */
function mayBeApplied(error: GrpcError): boolean {
  return uncertain.has(error.code) && error.mayHaveBeenSent && error.trailers.get('synod-outcome') !== 'rejected'
}

/** `500ms`, `10s` or `2m`, in milliseconds. */
export function parseTime(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text)
  const unit = { ms: 1, s: 1000, m: 60_000 }[match?.[2] ?? '']
  if (unit === undefined) throw new UsageError(`${text} is not a time: write 500ms, 10s or 2m`)
  return Number(match?.[1]) * unit
}

/** Runs one command with a client, and closes it whatever happens. */
export async function withClient<Result>(
  options: ClientOptions,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(options)
  try {
    return await use(client)
  } finally {
    client.close()
  }
}
