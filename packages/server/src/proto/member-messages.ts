import { emptyHeader, readHeader } from './kv-responses.ts'
import type { ResponseHeader } from './kv-responses.ts'
import type { ProtoReader, ProtoWriter } from './wire.ts'

/** etcdserverpb.Member */
export interface Member {
  readonly id: bigint
  readonly name: string
  readonly peerUrls: readonly string[]
  readonly clientUrls: readonly string[]
  readonly isLearner: boolean
}

/** etcdserverpb.MemberListResponse; and those of MemberRemove, MemberUpdate and MemberPromote. */
export interface MembersResponse {
  readonly header: ResponseHeader
  readonly members: readonly Member[]
}

/** etcdserverpb.MemberAddResponse */
export interface MemberAddResponse extends MembersResponse {
  readonly member: Member | undefined
}

/** etcdserverpb.MemberAddRequest */
export interface MemberAddRequest {
  readonly peerUrls: readonly string[]
  readonly isLearner: boolean
}

/** etcdserverpb.MemberUpdateRequest */
export interface MemberUpdateRequest {
  readonly id: bigint
  readonly peerUrls: readonly string[]
}

export function readMemberAdd(input: ProtoReader): MemberAddRequest {
  const peerUrls: string[] = []
  let isLearner = false
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) peerUrls.push(input.text())
    else if (field === 2) isLearner = input.flag()
    else input.skip()
  }
  return { peerUrls, isLearner }
}

export function writeMemberAdd(out: ProtoWriter, { peerUrls, isLearner }: MemberAddRequest): void {
  out.flag(2, isLearner)
  for (const url of peerUrls.toReversed()) out.text(1, url)
}

export function readMemberUpdate(input: ProtoReader): MemberUpdateRequest {
  let id = 0n
  const peerUrls: string[] = []
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) id = input.uint64()
    else if (field === 2) peerUrls.push(input.text())
    else input.skip()
  }
  return { id, peerUrls }
}

export function writeMemberUpdate(out: ProtoWriter, { id, peerUrls }: MemberUpdateRequest): void {
  for (const url of peerUrls.toReversed()) out.text(2, url)
  out.bigint(1, id)
}

/** The id in a MemberRemoveRequest, a MemberPromoteRequest, or, as the target, a MoveLeaderRequest. */
export function readMemberId(input: ProtoReader): bigint {
  let id = 0n
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) id = input.uint64()
    else input.skip()
  }
  return id
}

/** Whether a MemberListRequest asks for a linearizable answer. */
export function readMemberList(input: ProtoReader): boolean {
  let linearizable = false
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) linearizable = input.flag()
    else input.skip()
  }
  return linearizable
}

export function writeMember(out: ProtoWriter, field: number, member: Member): void {
  const mark = out.begin()
  out.flag(5, member.isLearner)
  for (const url of member.clientUrls.toReversed()) out.text(4, url)
  for (const url of member.peerUrls.toReversed()) out.text(3, url)
  out.text(2, member.name)
  out.bigint(1, member.id)
  out.end(field, mark)
}

function readMember(input: ProtoReader): Member {
  const outer = input.enter()
  let id = 0n
  let name = ''
  let isLearner = false
  const peerUrls: string[] = []
  const clientUrls: string[] = []
  for (let field = input.next(); field !== 0; field = input.next()) {
    switch (field) {
      case 1:
        id = input.uint64()
        break
      case 2:
        name = input.text()
        break
      case 3:
        peerUrls.push(input.text())
        break
      case 4:
        clientUrls.push(input.text())
        break
      case 5:
        isLearner = input.flag()
        break
      default:
        input.skip()
    }
  }
  input.leave(outer)
  return { id, name, peerUrls, clientUrls, isLearner }
}

export function readMembersResponse(input: ProtoReader): MembersResponse {
  let header = emptyHeader
  const members: Member[] = []
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) header = readHeader(input)
    else if (field === 2) members.push(readMember(input))
    else input.skip()
  }
  return { header, members }
}

export function readMemberAddResponse(input: ProtoReader): MemberAddResponse {
  let header = emptyHeader
  let member: Member | undefined
  const members: Member[] = []
  for (let field = input.next(); field !== 0; field = input.next()) {
    if (field === 1) header = readHeader(input)
    else if (field === 2) member = readMember(input)
    else if (field === 3) members.push(readMember(input))
    else input.skip()
  }
  return { header, member, members }
}
