import { setTimeout as sleep } from 'node:timers/promises'
import { membersOf, voting } from 'synod'
import type { Introduction, Logger, Membership, NodeId, Ports } from 'synod'
import { Directory, readContact, writeContact } from 'synod/member'
import type { Identity } from 'synod/member'
import { askForIntroduction } from 'synod/runtime'
import type { PeerTls } from 'synod/runtime'
import { parseAddress } from './cli/addresses.ts'
import type { ServerConfig } from './cli/config.ts'
import { CommandError } from './cli/exit.ts'

/** Which member of which cluster this is, and what it begins with if its directory is empty. */
export interface Seat {
  /** 16 hexadecimal digits. */
  readonly cluster: string
  readonly self: NodeId
  readonly membership: Membership
  readonly introducers: Readonly<Record<NodeId, string>>
}

/** Members that start together do not all listen at once; who was added a moment ago is not known everywhere. */
const patienceMs = 5_000
const pauseMs = 300

/** A first member, as the flags say: every one of them computes the same. */
export function firstSeat({ cluster, self }: Pick<ServerConfig, 'cluster' | 'self'>): Seat {
  const contacts = cluster.members.map(({ node, peerUrl }) => [node, writeContact({ peerUrls: [peerUrl] })])
  const membership = voting(
    cluster.members.map(({ node }) => node),
    Object.fromEntries(contacts) as Record<NodeId, string>,
  )
  return { cluster: cluster.text, self: self.node, membership, introducers: {} }
}

/**
 * A member of an existing cluster is who its directory says, whatever the flags; with an empty directory it is the one
 * that was added under its peer address, as the others tell it. Throws a `CommandError` that says what to do.
 */
export async function takeSeat(
  config: ServerConfig,
  ports: Ports,
  tls: PeerTls | undefined,
  log: Logger,
): Promise<Seat> {
  if (config.state === 'new') return firstSeat(config)
  const known = await storedIdentity(ports)
  if (known !== undefined) return { ...nobody, cluster: known.cluster, self: known.self }
  const introduction = await askAll(config, tls, log)
  const { cluster, membership, protocol } = introduction
  if (protocol !== config.engine) {
    throw new CommandError(
      `cluster ${cluster} runs the engine ${protocol}, and this member would run ${config.engine}: start it with --engine=${protocol}`,
    )
  }
  const self = memberAt(introduction, config.self.peerUrl)
  if (self === undefined) throw notAdded(config, cluster)
  const named = readContact(membership.contacts[self]).disk !== undefined
  if (named || !membership.learners.includes(self)) {
    throw new CommandError(
      `--data-dir ${config.directory} holds no data, but member ${self} (${config.self.peerUrl}) took part with another disk: ` +
        `if that is lost, remove the member and add it again (synod member remove ${self})`,
    )
  }
  log.info(`joins cluster ${cluster} as member ${self}`)
  const others = Object.entries(membership.contacts).filter(([id]) => id !== self)
  return { ...nobody, cluster, self, introducers: Object.fromEntries(others) }
}

const nobody = { membership: voting([]), introducers: {} }

async function storedIdentity({ disk, checksum }: Ports): Promise<Identity | undefined> {
  const outcome = await new Promise<Identity | Error | undefined>((resolve) => {
    new Directory(disk, checksum).readIdentity(resolve)
  })
  if (outcome instanceof Error) throw new CommandError(`--data-dir: ${outcome.message}`)
  return outcome
}

function memberAt({ membership }: Introduction, peerUrl: string): NodeId | undefined {
  return membersOf(membership).find((id) => readContact(membership.contacts[id]).peerUrls.includes(peerUrl))
}

/** The newest of all that is said, as soon as it knows this member; the flags name whom to ask. */
async function askAll(config: ServerConfig, tls: PeerTls | undefined, log: Logger): Promise<Introduction> {
  const others = config.cluster.members.filter(({ peerUrl }) => peerUrl !== config.self.peerUrl)
  if (others.length === 0) {
    throw new CommandError(
      '--initial-cluster-state is existing, and --initial-cluster names no other member: name at least one that runs, ' +
        `as in ${config.name}=${config.self.peerUrl},other=http://host:2380`,
    )
  }
  const until = performance.now() + patienceMs
  for (;;) {
    const failures: string[] = []
    const said = await Promise.all(
      others.map(async ({ peerUrl }) =>
        askForIntroduction(parseAddress(peerUrl, '--initial-cluster'), 1000, tls).catch((error: Error) => {
          failures.push(`${peerUrl}: ${error.message}`)
        }),
      ),
    )
    const heard = said.filter((one) => one !== undefined).toSorted((a, b) => b.decided - a.decided)
    const [newest] = heard
    if (newest !== undefined && memberAt(newest, config.self.peerUrl) !== undefined) return newest
    if (performance.now() > until) {
      if (newest !== undefined) throw notAdded(config, newest.cluster)
      throw new CommandError(`nobody of --initial-cluster says who takes part:\n${failures.join('\n')}`)
    }
    log.debug('nobody knows this member yet', { failures })
    await sleep(pauseMs)
  }
}

function notAdded({ name, self }: ServerConfig, cluster: string): CommandError {
  return new CommandError(
    `cluster ${cluster} has no member at ${self.peerUrl} (--initial-advertise-peer-urls): add it first, with ` +
      `synod member add ${name} --peer-urls ${self.peerUrl} --endpoints …`,
  )
}
