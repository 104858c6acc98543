export {
  type FailureReply,
  messagesServer,
  type MessagesServer,
  type RecordedRequest,
  type Reply,
  type Respond,
  type ServerOptions
} from "./MessagesServer.ts"
export type { RequestBody } from "./RequestBody.ts"
export type { MessageReply } from "./scriptedMessage.ts"
export { type DemoClient, modelClient, SCRIPTED_NOTICE } from "./modelClient.ts"
