export function isChinese(language: string): boolean {
  return /^zh/i.test(language);
}
