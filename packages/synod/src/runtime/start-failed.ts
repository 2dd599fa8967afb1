import { SynodError } from '../core/index.ts'

/** Why a member could not start. Nothing was changed on disk but the directory itself and its lock. */
export type StartFailedDetail =
  | { readonly code: 'locked'; readonly directory: string; readonly pid: number | undefined }
  | { readonly code: 'directory'; readonly directory: string }
  | { readonly code: 'address'; readonly host: string; readonly port: number }

/** The operator has something to do before this member can start; the message says what. */
export class StartFailed extends SynodError<StartFailedDetail> {
  override readonly name = 'StartFailed'
}
