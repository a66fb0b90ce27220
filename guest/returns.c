/* Exception returns by every A32 data-processing instruction that makes one. */
#include "guest.h"

#define LEAVES(F) \
  F(movs_shifted) F(mvns) F(ands) F(bics) F(eors) F(orrs) F(adds) F(adcs) F(sbcs) F(rsbs) F(rscs) F(subs_register)
#define DECLARE(name) u32 name(u32 spsr, u32 mode, u32 *scratch);
LEAVES(DECLARE)

int main(void) {
  static u32 scratch[8];
  static const u32 spsrs[] = {0xf00001df, 0x08050010, 0x0000023f, 0x600a0052, 0x9000013b};
  static const u32 froms[] = {SVC_MODE, ABT_MODE, UND_MODE, IRQ_MODE, FIQ_MODE};
#define TRY(name) \
  for (u32 i = 0; i < ARRAY_SIZE(spsrs); i++) \
    say(#name " from %b with spsr=%x: cpsr=%x\n", froms[i], spsrs[i], name(spsrs[i], froms[i], scratch));
  LEAVES(TRY)
  return 0;
}
