export {
  type FailureReply,
  messagesServer,
  type MessagesServer,
  type RecordedRequest,
  type Reply,
  type Respond
} from "./MessagesServer.ts"
export type { MessageReply, RequestBody } from "./scriptedMessage.ts"
export { type DemoClient, modelClient, SCRIPTED_NOTICE } from "./modelClient.ts"
