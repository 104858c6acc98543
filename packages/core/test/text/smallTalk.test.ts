import { describe, expect, it } from "vitest"
import { isCourtesy, isSmallTalk } from "../../src/text/smallTalk.ts"

const say = (test: (message: string) => boolean, messages: ReadonlyArray<string>) =>
  messages.map((message) => [message, test(message)])
const all = (messages: ReadonlyArray<string>, value: boolean) => messages.map((message) => [message, value])

describe("small talk", () => {
  it("is what neither asks nor tells", () => {
    const messages = [
      ["Good morning!", "Thanks, that worked.", "ok", "Great, thank you so much!", "👍", "How are you?"],
      ["¡Buenos días!", "Guten Morgen!", "D'accord.", "Alles klar!", "Grazie mille!", "Bom dia!", "Günaydın"],
      [
        "Понятно, спасибо",
        "谢谢!",
        "早上好",
        "明白了",
        "ありがとうございます",
        "なるほど",
        "감사합니다",
        "알겠습니다"
      ],
      [
        "What is 17 times 23?",
        "12 x 12?",
        "What is 12-5?",
        "Was ist 9 mal 14?",
        "¿Cuánto es 8 por 7?",
        "Combien font 6 fois 9 ?"
      ],
      ["Сколько будет 5 умножить на 8?", "12乘以12等于多少？", "7かける8は？"]
    ].flat()
    expect(say(isSmallTalk, messages)).toStrictEqual(all(messages, true))
  })

  it("asks how one is, laughs, agrees and wishes a good night in any language", () => {
    const messages = [
      ["hey, how's it going?", "Hi! How have you been?", "good night, sleep well", "hahaha true"],
      ["Na, wie geht's dir?", "Schlaf gut", "haha stimmt", "Salut, ça va ?", "Salut, quoi de neuf ?", "mdr"],
      [
        "Hola, ¿qué tal estás?",
        "jajaja, cierto",
        "Oi, tudo bem contigo?",
        "kkkk verdade",
        "Ciao, come stai?"
      ],
      ["Hoi, alles goed met je?", "haha klopt", "Cześć, jak się masz?", "no właśnie", "Привет, как дела?"],
      ["ахаха точно", "Selam, nasılsın?", "haha aynen", "مرحبا، كيف حالك؟", "تصبحين على خير", "هههه صحيح"],
      ["नमस्ते, आप कैसे हैं?", "हाहा सही", "शुभ रात्रि", "你好，最近怎么样？", "哈哈对啊", "吃了吗？"],
      [
        "こんにちは、お元気ですか？",
        "笑、たしかに",
        "안녕, 어떻게 지내?",
        "ㅋㅋㅋ 맞아요",
        "Hej, hur mår du?"
      ]
    ].flat()
    expect(say(isSmallTalk, messages)).toStrictEqual(all(messages, true))
  })

  it("is no question about something, though it begins like one about oneself", () => {
    const messages = [
      ["How are you going to fix the boiler?", "How is it going with the boiler?", "Wie geht es Oma?"],
      ["¿Qué tal el viaje a Cádiz?", "Ça va coûter combien ?", "Come va il trasloco?", "Как дела у Веры?"],
      ["项目最近怎么样？", "お母さんは元気？", "지우는 잘 지내?", "No true friend of ours sold it"]
    ].flat()
    expect(say(isSmallTalk, messages)).toStrictEqual(all(messages, false))
  })

  it("is nothing that asks or tells", () => {
    const messages = [
      [
        "What's my name?",
        "I moved to Porto.",
        "Good morning, where were we?",
        "What about 17 and 23?",
        "No tea."
      ],
      [
        "Wie heißt mein Hund?",
        "Ich wohne in Graz",
        "¿Qué compré?",
        "我住在上海",
        "昨日は何をした?",
        "Room 12 costs 80",
        "What is 10.0.12.7?",
        "What is 555-0124?",
        "Was ist 2026-03-05?",
        "what is 12 80"
      ]
    ].flat()
    expect(say(isSmallTalk, messages)).toStrictEqual(all(messages, false))
  })
})

describe("a courtesy", () => {
  it("says hardly more", () => {
    const messages = [
      ["Thanks, that fixed it!", "Danke, hat geklappt.", "Merci beaucoup, ça marche", "Obrigada, funcionou!"],
      ["Спасибо, всё работает", "Tack så mycket!", "God morgon", "Kiitos!", "Köszönöm szépen", "Xin chào"],
      ["Дякую!", "Dziękuję bardzo", "谢谢，解决了", "ありがとう、動きました", "고마워요, 됐어요"]
    ].flat()
    expect(say(isCourtesy, messages)).toStrictEqual(all(messages, true))
  })

  it("is no question, and nothing with a message of its own", () => {
    const messages = [
      ["Hi, what did we decide?", "Thanks. Now write the invoice for Marta and send it", "The roof leaks"],
      ["Hallo, schreib bitte den Brief an den Vermieter fertig", "谢谢，请继续写我们昨天的小说第三章吧"]
    ].flat()
    expect(say(isCourtesy, messages)).toStrictEqual(all(messages, false))
  })
})
