/**
 * The same, but of types that cannot be added to, so that the compiler sees that it is a value of JSON: of an interface it
 * cannot know, for somebody may declare more of it.
 */
export type AsJson<T> = T extends object ? { readonly [Name in keyof T]: AsJson<T[Name]> } : T
