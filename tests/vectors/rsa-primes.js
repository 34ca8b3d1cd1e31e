/**
 * The primes of the vectors' RSA keys: test keys, public from the first day, and no secrets. They were drawn once:
 * large primes take minutes to find. None of 3, 5, 17, 257, 65537 divides one of them less 1, so that many e will do.
 */

export const BITS_1024 = primes(
  "ySDuvwGyHEBepwncP-5XUiuuFDUT38DB-DcJ7BnDN5G0EQsQHpZQ-1BxgMLKynMKt82AmbbTJn-ZQZLUeIu9bw",
  "-eqsTa4Ct85g8kDB5jv9-swDEnWfICA5rJa0jclOIi8NJNhGAF-KY9qsTjGz3Ghaj_qUo-yI1QJJiSRaL0CBKQ",
);

export const BITS_2047 = primes(
  "5VPROibnEkvAxtUwuYZiZVjc1CvqNWm5MtaPyTlFRduumrpOT4ScfaSGZydYjihraLnPKzXRxLvMSjFzHlG5yUq0THn3u5O3-qa00ZDZfEoWPwMr" +
    "ubuOSM1mJZR8X8VhbjJ4XQQQitVBKY4O5vEjfd3ol1ZmBZcVTaxNVBfoZTs",
  "ewDoESSBmaU8xm5K-d4xg-7c6pcD8fAem_uUdtTqXlh5_2hIlX1RQWHqypiDct9J-0YNBCFWJjpUFzy0Xzr4NrsXUZF_vZBUD2fwwRbZOH_a7EYO" +
    "nWr1ZZilZwOcnZLdmhnZWIVLAVa_iq8qRUlu9omHDAHWe_nI8ebptdVA5bc",
);

export const BITS_2048 = primes(
  "7ZNJjAU8HQ8-lhbbYtBKSD7Tw5jEdOyTPbHecQvUgq5k_nk5ZLaduln6lpq5NtyWrVZ38VsaruDM9SA7IaphAeDidMn7s59FYpi_swDILpSJLyvD" +
    "KgvFyZ4Edu4_jOnPfLBBHCv61bd6O1aBE0KOt90w_cvLmARtMIqkRhTT8QM",
  "7ukAAjTKbA926iLdlAaSzM4HTwPT-l7yvWCBMFBuUvB-b2qgcqz4RHksLPLoOQvDuSexlBIQY-kcFxMvkk9MuwHw0_7UcDTf0YU1dl8opQN5-us6" +
    "n9s7GXJJTuxHh-9mcqFADHyFTciBf8q0H5KiYshnKhmQBxcTRPzMK1CgRT0",
);

export const BITS_2048_TOO = primes(
  "5qjzskj0IrxJuuE5sYO_0LX2O-H1_Um13dSC3EXVZmbWGlV16VGKzqHvA3Ubxk88-ev-5dhf-PJcy4orjg4ruyYgupGgUCmI_VgDNbJX-BOmV7gq" +
    "0BdaNsUi6oaN_QXCKOP_f7GF_EcoTxTxSvFsplgD1HL6cQzpUAnDX37NaEs",
  "wzTAZLsQOQGV3tP3Y2Lu5q_SwkUCA_136MIh11gf7E_fzO9ZVQ0DiY_UcZs9L9unLgSCFyMQQ8qAPfjxWDG_pSQCuUatZFvsjO5Y59JDbuGcpakh" +
    "J37ykP6TWVk8TX26cBu1KcfrDScn05c9LRGgpN-BdzqFfKo4zXbhtP6NU3M",
);

export const BITS_2049 = primes(
  "AaYysdba-2U-6XM53DBgu3Drqqsb0ofT9y2LB1I6DwZP-JaM86WoJfMZL9rjQOgtqtjjYFVyC8t6npPM66ifRIDE6Wtryu0np_Fn_zGnI3iKVocd" +
    "w2dz2722HXqyPav4eTXpPIF_xUpmRdCpaweAtn0bBBGXsRr7WdagejsNScg1",
  "6PiQhRgAztXBQJxJ1kt6Nzl0aitLPI_v6hy1ErE23Zr15NlkspkB96gwaB6Rh9z3qzKsXZLYtB427xESVTKByMby66GhyV3UUTX9p5EQjP19npv1" +
    "MbFQ-4i_c9rdMUK8zd4DCZTbA6JLea7JBt3WrNP4Y8z3Z56bapn33mLL1Uc",
);

export const BITS_4096 = primes(
  "6GSshaCxNyngzVNcLYqsZh1anDXaK_hpIgOeENbLiFxSrKJ28R8pKXfTszX7ZwXQNBRfs2jRTrAu8wPYdCkIFWFeE0zA51bzplOvZ8TUQXEOdlTY" +
    "zaZPTcNLOUgJcqu3q6HpQqCGIQoU81pPheHL2DDlTXvFohndWAdocoCoE4uTjNwU6V2eO0PEwh4qD5onKA1gmaWD2GjaZd4S7bODjNq4ACHJ69Ni" +
    "5NWXUHNotO0J6givLe6Ja-UJWh4o6RS6rEa9xIxo5L2VmzazrLIQis-4_k231-wtMAZtBfxjubvE8vf7IyDzlQkfriv599xIZmpdIkGSfodtYOXG" +
    "6z6Eiw",
  "y7zMXrn0jWHaK25udq1j6uL3nBiKsq9qFDu7Pta42xAp-UVAHlwsQwvQi-RNr3pN3LnJtjknJJMn1ggSCUU4G-EaSxX9wTZ6BijpqGTOA1nQOmqX" +
    "Cu4UV0ehSYKJEMhpoyOa63bFmMIn6H7cwpieoPifIPM9cfylw9zDxhGXvgR8ViHLqDWeprxYzv8XgvK3k8GBpakVtBJBIpvUjSROcHMASwGO17rI" +
    "U1Py3etk8QJpgXSQQnFLELzPCTHy1bjffhZnQAP6KAj0OA_qxkY9d5zorHy6KQMK1BKkGixGahcY7ZK-Bh8cgMemH8R3HpXMs7a_miJTx0pworCq" +
    "9A69FQ",
);

export const BITS_8192 = primes(
  "6XextNmPaOLkQ9oxa-li8DZZff2fJ9gYnPUOjboZxlwWPogwQ8c92LoJIBGDbhlGqIVMxPq__m3RwTLZE-t3ZGb_YEStP6j8mnTHnEGUASx810Rr" +
    "oF0mJ_Ht5TsfuKgd26dwKNxQQknhkq5SS5nLv6QQG2EwV7MzSCmL2wesX14UEsTZ7PxZToY3HnFujNBd7TCLjkVmRlM36SKC5ko-JWK76G463afn" +
    "yUFuXyvp_rYn4mw1kiC-ruBjaecjRTDHuODC-wQnPlFpUl58lfAiVVrVa89z9tBb0OBMzxTxGy0k5xz-hXBQpB9q4EK8jIuTQo4MrHWoC1wet-q9" +
    "d-X4CLdvJDhi2jo2tQgiEb_Sv7JopK9g998MtX5OHhsEueh_wkhn3szhhVVOLK6k0ZFeleyECSa_LkRaDIQeZwOugQhE0jFI5TJW9QfET4bR6G9f" +
    "I6i_Du-AVrYDo_RRdlYefbml1C2pzYAMyQGGNOCQBgAbPI2eIPtMIFyKad7P-hYQYtEOagWXKd-bcu5ESEU85IJIl237v-88OZe1yHRk1-308fEm" +
    "YiSaNezG3YxBNOHFJiecHIrXOrOpMWyN-BjJthLMEMY3xK0KBOjKB-73rYcboYKkPy2KLi4IgHR9FEqft65f0dJc7qcAj5OZHPgZJkabijUjC2kt" +
    "twqJcasTtKc",
  "-i_agzeL6GRpMPub-lMDmvM76lQ0fQ2aBWMNaGZFpWG1rveq4l82xpvP6K2PbhF-V7XTo4HBc5hSsYfMfzvP3k2NY_TS3OQxXokG3k0TxLcgn6mH" +
    "eXECZwI6EEZzLnKSYPGi_d9w2WrnpJyYZWTVqNjL4857Dk-0rYrYpaqTwxTUOz5nQGJjwnQDLFLU_tK3rgocjO2yODmz152g1pIwOdi05ePAFUQJ" +
    "XiV0HFHw_9ep4jbDcVPcANOQXQjzY-5CmVHMokjuE8uqWWCHDvb2aWDss7hMxW8G5X1KaOiBTILafVACyG28Hl1-zK8gcqqbqG4I6GXMM2YTZIAM" +
    "N521CFdnLaFORb6x7puyRyVRejDFDD-JHwFVqXrNqJwO6tqUHX3kQ-2gZq08ZrR9i_GTdF8P2J6OtYc9GFUNMO-VEC_5O5d_AbI_LEbetFl-1mHC" +
    "-xsIlHSj1nlzuIOnXHcJDFxjJWaTGQzdrRYMo9-iscyq6EM0hYKt6B325qLrUynhYjwQa4zqBUzWjTFkM6ZPUshXHRk6EK1dMRvxSKEClx1ReU6u" +
    "WCdlgxSBYAHNqd14dKFFNy8aUZ-4_AezJ5p7ojMLxIEEKxAuVjDoDxGaFSLEoaPLRhsn8jEYNoZXYMgOkUqlvyJAo54hNnYU9I-JI-xJ2o4gROns" +
    "f_S6pNTpBK0",
);

export const BITS_8193 = primes(
  "AeU1Gp_3Xr1gerCOeDVqvB5pAEKZ4fCVZ2wtPu_ENohbPYZ52qZgv9B0RFNVj63UBRzPqcCOMseHexbBtqbiCfB3jxX2bdotwv5VVDUVm1r5Gl_F" +
    "QNUpfymeo5-8vWd-asly0BbFJvv1pfv5CBdj97TiwOObm4N_zAQvedTMZmSt-y6WVvDRuI4BfcWkAZNgrvogdsV13Geud0JSKHGnJtAgAO2hmotM" +
    "q9GOVsgLoTuEANvMhxqTnNiKbmPbk8_AGIlFB8qYxXh5gSeLp_thN_gyVgbAJnmYr98VSud3edNBLIwnwsmRwPGQ9dI-WrV4vSrE0aDn58f1oc2r" +
    "4SbcyMsmIF1zGUNVlaPT6B9CqEnEsHxhJ-mbPLzYg78t_EA2S8Bxap194kP3EqzKjDdxFxPd-hIzurrtxY4A2emIarREKnQH45U8yNnXiEua9sFe" +
    "suy-baRsbQHlA9fyzIUtgFVss61e90ZO_RtPu-H3FTpl6XYYOeybHJWKOdIMgNkewtTS-11ZOmQ95wm3aN9HYHl9j6iPUKKj9DBGBQTgvnBRQCfz" +
    "zENvsbap3F7wgA2NEJilFtkOU0hoC9R70OwQVxgm-MPdlzjwlR2ZfJCJqGPnEfSCcVqlp7kZQ0UGbGpcqcWNjSIXZ_wfOLzLDpctRyvl1VT5WZOO" +
    "D8IP0wRlqTjP",
  "_lXWHEpf9KhXfgK651gZLm0CuaAfn14UfUJQX4Cs9GUzp93mN828helZffevaLYnN1n3fLIIHx2MSuAkFndMhejKwOjVaBqknjxVEVZVpqqfSHE0" +
    "2y3pq8BAVgjW3ZFpqWVEuzu6oKNLFRSczXSPiInP14vn0kNXzy9wz38p_1iqCX_sG3qg_FdhmXKkIXdo2iLWAMSudiZAj3VH5Qwy6_JePE0eKi0S" +
    "4Q41_XlTRXblnwp91mmZNw1qA4tIXXNqACBOUau-D-eM3K4bp7HMjNsLia4Xvc9t1Tr_rRC5ZSgNwkcuTAyi9rz8q-QxuP5emJAldduRl5SP3cgf" +
    "PdDqALiEUsHjdH4o_sv9kpUD2z1d2_lvTdPOFT00YCoN5HWNkuFnSYCVrmch7bF6i4BbnABf7hyniyG9TlEMuEGZ-Yfg6c9r-mS93fTOpaTBIFjN" +
    "XQ74KsZe4c0qta0cAClBFjAd5jxzIRfnn-SEBE4hrSQCxTE2FR3ifDQI1_lJFs3hICZCm4Ks_Wmz70aAQ5FW0fk-L95u1kO2HkHHulq1H8nFR2qu" +
    "cYRiyLkmfJIKPFSD94MvV0OdGoybPf8gwghqkokkIJ25HbsVqGMjo_JJUMA-EiRdd5i1K-KXB8rmI5wvjH0Ienlur-dGg3qgR-4cr4TSaNEei4vt" +
    "rYDpVWQybQE",
);

function primes(...texts) {
  return texts.map((text) => BigInt(`0x${Buffer.from(text, "base64url").toString("hex")}`));
}
