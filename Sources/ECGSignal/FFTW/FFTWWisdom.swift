// SPDX-License-Identifier: GPL-3.0-or-later

/// FFTW's plans for the filters' block lengths, found by Tests/Oracles/fftw_wisdom.py: they take up to half the time less than those that FFTW guesses.
enum FFTWWisdom {
    /// What FFTW knows of the transforms of one length, forward and backward. Another version of FFTW, or a processor without AVX, refuses it.
    static func of(length: Int) -> String? {
        switch length {
        case 1024:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t1fv_32_avx 0 #x10048 #x10048 #x0 #xc6ca45ce #xf08c5f4a #x61a53ade #xe5e374c8)
                  (fftwf_codelet_n2fv_32_avx 0 #x10048 #x10048 #x0 #x407181dc #x8a77cb1e #xa88df8c5 #xa32373b5)
                  (fftwf_codelet_n2bv_64_avx 0 #x10048 #x10048 #x0 #xb994f532 #xd7108882 #xe0c55958 #xb3fe0491)
                  (fftwf_codelet_t2bv_16_avx 0 #x10048 #x10048 #x0 #xd86f0fcc #x804581bb #x5ccfdfba #x14108c49)
                )
                """
        case 1280:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t2bv_20_avx 0 #x10bdd #x10bdd #x0 #xddc24bd5 #x7fefbaf7 #x9857c7e5 #x3c336f95)
                  (fftwf_codelet_n2bv_64_avx 0 #x10bdd #x10bdd #x0 #x574af47f #xba902c5c #xa31075d1 #x239fd2eb)
                  (fftwf_codelet_t2fv_64_avx 0 #x10bdd #x10bdd #x0 #xaed69cea #xe0da4853 #xeb2ee804 #x7dcf907c)
                  (fftwf_codelet_n2fv_20_avx 0 #x10bdd #x10bdd #x0 #x1d8aac50 #x17b321bb #xa17674a6 #x328549c9)
                )
                """
        case 1536:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x6563fc36 #xac6dc12f #xa132a550 #xa84eff6d)
                  (fftwf_codelet_t1bv_2_avx 0 #x10bdd #x10bdd #x0 #x93900f75 #xc743c003 #x9ab5abf5 #x6552184a)
                  (fftwf_codelet_n1bv_12_avx 0 #x10bdd #x10bdd #x0 #x826d886f #x53eb1304 #x09dff8b2 #x64c57f25)
                  (fftwf_codelet_n1fv_12_avx 0 #x10bdd #x10bdd #x0 #x4d4daf61 #x9d35925f #x8903b9fb #x81198a5e)
                  (fftwf_codelet_t2bv_64_avx 0 #x10bdd #x10bdd #x0 #x1717d03e #x41d7755d #x308ebc66 #xcb657c46)
                  (fftwf_codelet_t2fv_4_avx 0 #x10bdd #x10bdd #x0 #x5f2761de #x09897664 #x94ae9912 #xac989cc9)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x0156c781 #x50e703f3 #x929f8593 #x9a3607be)
                  (fftwf_codelet_t2fv_32_avx 0 #x10bdd #x10bdd #x0 #x4c4b8c77 #x963d9b06 #xf4cdda6b #x925bfa7d)
                )
                """
        case 1792:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t1bv_7_avx 0 #x10bdd #x10bdd #x0 #x693fbd16 #xd5270668 #xeacbc7ea #x80f46e36)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x855cdd18 #x9f6acc5d #xc6d11c87 #xb9ef54dc)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xbf973d88 #xe086d078 #xcf9eb933 #x919fb8ba)
                  (fftwf_codelet_t2bv_4_avx 0 #x10bdd #x10bdd #x0 #xcf0bb298 #x7ca96cf4 #x0af638c4 #x2e5e0360)
                  (fftwf_codelet_n1bv_64_avx 0 #x10bdd #x10bdd #x0 #x236d6fd1 #xf3a5ff2b #x9db500a1 #x878f69a3)
                  (fftwf_codelet_t1fv_7_avx 0 #x10bdd #x10bdd #x0 #x9f812532 #x35d8fb79 #x2c0796bc #x793c2765)
                  (fftwf_codelet_t2fv_4_avx 0 #x10bdd #x10bdd #x0 #x64382638 #x178df241 #x4774011d #x4f1dac6d)
                  (fftwf_codelet_n1fv_64_avx 0 #x10bdd #x10bdd #x0 #x093c6baa #xfb19635c #x0c8bf842 #xa8809bb4)
                )
                """
        case 2048:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_n2bv_64_avx 0 #x10048 #x10048 #x0 #x6c447a57 #x88d0c094 #x74220cbd #xa4af46b7)
                  (fftwf_codelet_t3bv_32_avx 0 #x10048 #x10048 #x0 #x889f271b #xfc322bc3 #x77dab9f2 #x358ba725)
                  (fftwf_codelet_n2fv_64_avx 0 #x10048 #x10048 #x0 #xb8f48902 #x3e3cffd5 #x0902e318 #xff82254a)
                  (fftwf_codelet_t1fv_32_avx 0 #x10048 #x10048 #x0 #xa5af12be #x8ea95383 #xcd10c847 #xe6812dfa)
                )
                """
        case 2560:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t1bv_20_avx 0 #x10bdd #x10bdd #x0 #xe1c8ca69 #xf3da60c6 #x52fc7e1a #x86111242)
                  (fftwf_codelet_n1fv_128_avx 0 #x10bdd #x10bdd #x0 #x0135511f #x6f779959 #x24b59425 #x4e445b74)
                  (fftwf_codelet_t2fv_20_avx 0 #x10bdd #x10bdd #x0 #xbadfdc2b #x7cce05b8 #x9833b023 #x4f830354)
                  (fftwf_codelet_n1bv_128_avx 0 #x10bdd #x10bdd #x0 #x27c34a9e #x92fe18ca #xe1d1e45f #xb0a489f9)
                )
                """
        case 3072:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_n1bv_12_avx 0 #x10bdd #x10bdd #x0 #xe9ceb3f1 #xb60ede33 #xbc2bcdd0 #x900e472d)
                  (fftwf_codelet_n1fv_32_avx 0 #x10bdd #x10bdd #x0 #xf50ed92f #xbc4823d6 #xb0c366c5 #xb64de1e8)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x4fed1352 #x891bfe91 #xccb3e6eb #xc29b4795)
                  (fftwf_codelet_t2bv_16_avx 0 #x10bdd #x10bdd #x0 #x2c96b720 #xc52718fb #x1fd4711d #x9d28b017)
                  (fftwf_codelet_t2bv_16_avx 0 #x10bdd #x10bdd #x0 #xc47e42b0 #xa8ab65a3 #x145ae5f2 #x67aabf1e)
                  (fftwf_codelet_t1fv_12_avx 0 #x10bdd #x10bdd #x0 #x0c3d0059 #xb89898ae #xe6b3568a #xc86cda94)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x7eab3c5a #x09ba1135 #xce0750ad #x237fb4d2)
                  (fftwf_codelet_t2fv_8_avx 0 #x10bdd #x10bdd #x0 #xdd0e98b6 #xa66ea598 #x8c39d6b0 #x0466c4b0)
                )
                """
        case 3584:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xcdb7953f #x6e22a3e0 #x1a1451a3 #x82b903cb)
                  (fftwf_codelet_t2fv_2_avx 0 #x10bdd #x10bdd #x0 #xed3d5d39 #x1e362cb2 #x6733c6d1 #xb6c39b60)
                  (fftwf_codelet_t2bv_64_avx 0 #x10bdd #x10bdd #x0 #x38462e5a #x34183c4c #x398c66d9 #xc6839b6b)
                  (fftwf_codelet_n1fv_64_avx 0 #x10bdd #x10bdd #x0 #x1a1d1ea8 #x6dcd73c8 #x265af989 #x5aa66c22)
                  (fftwf_codelet_n1bv_8_avx 0 #x10bdd #x10bdd #x0 #x18b5d79c #x52c27657 #x8f6e4fc7 #x5afcb94b)
                  (fftwf_codelet_t1bv_7_avx 0 #x10bdd #x10bdd #x0 #x843da597 #xaf06da59 #x07f259d3 #x03b5944c)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xe74eaeef #x085723a0 #xcf1ff9d8 #x5af6976f)
                  (fftwf_codelet_t1fv_7_avx 0 #x10bdd #x10bdd #x0 #x8a612f14 #x2129b40c #x54baad3e #x57249c37)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x4463ee75 #xf4c63bf5 #xde3cf9a2 #xd491d412)
                  (fftwf_codelet_t2fv_4_avx 0 #x10bdd #x10bdd #x0 #x0969f738 #x2d39c7b8 #x45d2ab68 #x6a3a68f7)
                )
                """
        case 4096:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t1fv_64_avx 0 #x10048 #x10048 #x0 #x21c528b9 #x63c201bc #xa3c09b11 #xc2b338e6)
                  (fftwf_codelet_n2bv_64_avx 0 #x10048 #x10048 #x0 #x173bfad6 #xfe0ac75c #x930d4dd6 #x56064877)
                  (fftwf_codelet_t2bv_64_avx 0 #x10048 #x10048 #x0 #xb9da9e1a #xb5ad84a3 #xd98a6c23 #x906c1255)
                  (fftwf_codelet_n2fv_64_avx 0 #x10048 #x10048 #x0 #x27df1dad #x2c21af60 #x212f0751 #x93d6078b)
                )
                """
        case 5120:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x19c123a8 #xc3d1c568 #xc7bbe71d #xe8073d3b)
                  (fftwf_codelet_t1bv_4_avx 0 #x10048 #x10048 #x0 #x8a8e21b7 #xbc426149 #xbeb862d4 #x14cdf08f)
                  (fftwf_codelet_t2bv_20_avx 0 #x10048 #x10048 #x0 #xd3264b9e #x77681230 #x876b954b #x352f2414)
                  (fftwf_codelet_n2bv_64_avx 0 #x10048 #x10048 #x0 #xda0f6b32 #x7a7c623e #xd5679b50 #x26fb074a)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xae806661 #xbace6e71 #x87f001fe #x99c3f144)
                  (fftwf_codelet_t1fv_4_avx 0 #x10048 #x10048 #x0 #x0217f82e #x8a79d4fc #x0ba8bb0b #x2d7f4328)
                  (fftwf_codelet_n2fv_64_avx 0 #x10048 #x10048 #x0 #x9a2dad97 #x3bef63c4 #xb7d12af1 #x48e1f7a6)
                  (fftwf_codelet_t2fv_20_avx 0 #x10048 #x10048 #x0 #x5870ab53 #x103bb17f #x1ef9f1c2 #x92ff04d1)
                )
                """
        case 6144:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t2fv_16_avx 0 #x10048 #x10048 #x0 #x7acce9c8 #xa8ab181c #xbe1d22ce #xe266ca10)
                  (fftwf_codelet_n2fv_64_avx 0 #x10048 #x10048 #x0 #xdf2ac1e7 #x446ddd94 #x52b6ce02 #xc8ff856b)
                  (fftwf_codelet_t1fv_6_avx 0 #x10048 #x10048 #x0 #xb91225e1 #x7f29c2ba #x83eae040 #xc7bf6141)
                  (fftwf_codelet_t1bv_6_avx 0 #x10048 #x10048 #x0 #x27cd5b5c #x28d6cce0 #xd28ce7a2 #xcc561ebd)
                  (fftwf_codelet_t2bv_4_avx 0 #x10048 #x10048 #x0 #x43eddf9f #x60df5df4 #x3e48ddf6 #xa48a024f)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x1e1d21e2 #xf2695fe1 #xc8df3d0f #x1e722a30)
                  (fftwf_codelet_n2bv_32_avx 0 #x10048 #x10048 #x0 #x61823ac3 #x55ecb4a0 #xe9815e53 #xdc230ef8)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xc336165b #xf1172685 #x9d9e919d #xe2657bdb)
                  (fftwf_codelet_t2bv_8_avx 0 #x10048 #x10048 #x0 #x9e63ea99 #x8f46313b #x0dbe723a #x9604ea44)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x188369ce #x7a17eeeb #x55b3a51c #x2cf1402a)
                )
                """
        case 7168:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t1bv_7_avx 0 #x10bdd #x10bdd #x0 #xbcea8c2b #x8dd50e14 #x22855dc3 #xf22b7825)
                  (fftwf_codelet_t2fv_64_avx 0 #x10bdd #x10bdd #x0 #xb4b1f4f1 #x2348831a #xed0ce256 #xf07b4a72)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x26fdd46f #x7dd20549 #x0491b9f3 #xc0025b11)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x1c922bb9 #xafa50fff #xafdc3b91 #xb2aa6b6d)
                  (fftwf_codelet_t2bv_64_avx 0 #x10bdd #x10bdd #x0 #xc4a7562b #xf54412ed #x385b2e4d #x3951791c)
                  (fftwf_codelet_t1fv_7_avx 0 #x10bdd #x10bdd #x0 #x66108b4f #xf14de5c4 #x2cf558b9 #xac88159b)
                  (fftwf_codelet_n1fv_16_avx 0 #x10bdd #x10bdd #x0 #x7e47b4c2 #xbce5e04f #xe080c159 #xc7826ff7)
                  (fftwf_codelet_n1bv_16_avx 0 #x10bdd #x10bdd #x0 #x7104aa34 #x3e220924 #x41173d13 #x74ca09b6)
                )
                """
        case 8192:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t2fv_8_avx 0 #x10048 #x10048 #x0 #x697b20b6 #x6432f0af #xb6a1bcf0 #x310827eb)
                  (fftwf_codelet_t3fv_4_avx 0 #x10048 #x10048 #x0 #x5d434298 #x88e29877 #xadad8a78 #x52119eab)
                  (fftwf_codelet_t2bv_16_avx 0 #x10048 #x10048 #x0 #xeca2c7ac #xab07871d #xcf2fdd5c #xa724670f)
                  (fftwf_codelet_n2bv_8_avx 0 #x10048 #x10048 #x0 #x692196f4 #xb1736e52 #xeed7664b #x53a9e61f)
                  (fftwf_codelet_t2bv_16_avx 0 #x10048 #x10048 #x0 #xd0bd913b #x6d20222e #xf38a60ff #xa8811c6f)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xad35a01d #xfaac733b #x89a6e23d #xd67faae5)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x5354d447 #x7457f35d #xc35203b7 #x9b9471e3)
                  (fftwf_codelet_t2bv_4_avx 0 #x10048 #x10048 #x0 #xf06b0ac4 #x8ab72ac2 #x63b670d4 #xf83e4dff)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xec2058f9 #x976bdb23 #xbd09b37f #xe2a78192)
                  (fftwf_codelet_t2fv_32_avx 0 #x10048 #x10048 #x0 #xd675f99f #xe71be492 #x508feb6a #x493761f2)
                  (fftwf_codelet_n2fv_8_avx 0 #x10048 #x10048 #x0 #xe776615d #x3d1226d0 #xd3d61195 #x5ad72fc0)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xb639c836 #x65a1396f #xf706b771 #xa83d56d1)
                )
                """
        case 10240:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t2bv_64_avx 0 #x10bdd #x10bdd #x0 #x2472cb58 #xfa2fdbdf #x26bd4bd8 #x730bd57a)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x1f460169 #xd4b262bb #x6f87a030 #xb5a21830)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x585cc243 #x184a5c3b #xb3477faa #x73aff1d8)
                  (fftwf_codelet_n1fv_64_avx 0 #x10bdd #x10bdd #x0 #x74e03ce8 #x7e1097e4 #x3b411a82 #xc2bc82f3)
                  (fftwf_codelet_t1fv_5_avx 0 #x10bdd #x10bdd #x0 #x5f775fb2 #x25092aa5 #x34fe86f0 #xb23395cb)
                  (fftwf_codelet_t3bv_5_avx 0 #x10bdd #x10bdd #x0 #x07524c55 #xeca3077d #xeef81237 #x930ea78c)
                  (fftwf_codelet_n1bv_32_avx 0 #x10bdd #x10bdd #x0 #x13de9696 #x12784da2 #x5078e721 #x569c98b2)
                  (fftwf_codelet_t2fv_32_avx 0 #x10bdd #x10bdd #x0 #x36b77cc5 #xa9bf23a4 #xe348d26f #xaa65a673)
                )
                """
        case 12288:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t1fv_3_avx 0 #x10bdd #x10bdd #x0 #x96a7628d #x558fc28a #xecf389af #xc20ff3a0)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x3dea1064 #xf309ba73 #x454dc3d2 #xff32b7b0)
                  (fftwf_codelet_n1fv_64_avx 0 #x10bdd #x10bdd #x0 #x0560f5b6 #x3fad750e #xc2a41a94 #x6dfda915)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xd93db92c #xa7d03b4e #x82ed0cfa #x83df1237)
                  (fftwf_codelet_t2bv_64_avx 0 #x10bdd #x10bdd #x0 #xb7b6dafb #xc843fd42 #xff8b027f #xb4011d13)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x735f9d34 #xfc67ea17 #x81fb7ed8 #x80f0f0e7)
                  (fftwf_codelet_n1bv_32_avx 0 #x10bdd #x10bdd #x0 #xfa6037f8 #x21a2c3da #x180f700d #xfe90770e)
                  (fftwf_codelet_t2bv_2_avx 0 #x10bdd #x10bdd #x0 #xf71eba8a #xbaab40d2 #x31f2d666 #xe3d94fbf)
                  (fftwf_codelet_t1bv_3_avx 0 #x10bdd #x10bdd #x0 #x31ed016a #xd47a3f61 #x8a95d94d #xc57acd72)
                  (fftwf_codelet_t1fv_64_avx 0 #x10bdd #x10bdd #x0 #xda561622 #xe8509e86 #x3fcad5d6 #xa20ee080)
                )
                """
        case 14336:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t2bv_64_avx 0 #x10bdd #x10bdd #x0 #x68712539 #xd8bae7a4 #x56c74663 #x99fcade0)
                  (fftwf_codelet_t2fv_64_avx 0 #x10bdd #x10bdd #x0 #x068c30d9 #x928f59d7 #x0d6ef9b6 #xc37a5d1c)
                  (fftwf_codelet_t1fv_7_avx 0 #x10bdd #x10bdd #x0 #x18c0da9b #xad9d5134 #x72eb0542 #x6a8ab122)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xaeac15b2 #x9a57d649 #xa31465d6 #xf4a0e1f8)
                  (fftwf_codelet_n1fv_32_avx 0 #x10bdd #x10bdd #x0 #x608b1623 #xce9836d1 #x6a6af2be #x87042e30)
                  (fftwf_codelet_n1bv_32_avx 0 #x10bdd #x10bdd #x0 #x045ed208 #x957b52e4 #x39b11ceb #xa74610b7)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xe76ca47c #xd4b822cc #x2836e02f #x7770c714)
                  (fftwf_codelet_t1bv_7_avx 0 #x10bdd #x10bdd #x0 #xb251ec51 #x36c40897 #xc7797357 #xae435beb)
                )
                """
        case 16384:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t1fv_8_avx 0 #x10bdd #x10bdd #x0 #xfbedd60c #x67387682 #xf28ec832 #x50a9f891)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x7dfd04b3 #xba0de7f0 #x4478143a #x9bca3b96)
                  (fftwf_codelet_n1fv_8_avx 0 #x10bdd #x10bdd #x0 #x7e82cb6f #xdc87427d #x939f635c #xa6007cf2)
                  (fftwf_codelet_t1bv_8_avx 0 #x10bdd #x10bdd #x0 #xa33f803b #x1d3d7036 #x2bd76bc9 #x1385cd33)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x8249e065 #x66874d74 #xdfc06fa0 #x1a93261c)
                  (fftwf_codelet_n1bv_8_avx 0 #x10bdd #x10bdd #x0 #x3cf55ae6 #xb0b5d93a #x638a7fe2 #x1f7fe9b9)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x1d0578f6 #x6cf278c4 #x601ad800 #xb3ec5dd7)
                  (fftwf_codelet_t1fv_64_avx 0 #x10bdd #x10bdd #x0 #x5e20e1bb #x4ffffbbc #x9f798a16 #xd5a0ef89)
                  (fftwf_codelet_t2bv_4_avx 0 #x10bdd #x10bdd #x0 #xbcc6e24b #x661f5f74 #x0272a82a #x884ad34e)
                  (fftwf_codelet_t2bv_64_avx 0 #x10bdd #x10bdd #x0 #xdc473089 #x2b6cdb8c #x4c07bd5b #xb95cf160)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x26631fd9 #x53f442b2 #xd02b4b36 #x7965400f)
                  (fftwf_codelet_t2fv_4_avx 0 #x10bdd #x10bdd #x0 #xf1915d84 #x56c4bdfa #x16f8d847 #xdbd3c190)
                )
                """
        case 32768:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t2fv_64_avx 0 #x10bdd #x10bdd #x0 #x789be08c #x6227542e #xe189d55b #xddca07ed)
                  (fftwf_codelet_n1fv_8_avx 0 #x10bdd #x10bdd #x0 #xfdd26be9 #xfed01516 #xc66181a5 #x70b9f73e)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x64f9c926 #x8fcc7cc8 #xf24f98ca #x5d993f7f)
                  (fftwf_codelet_t3fv_4_avx 0 #x10bdd #x10bdd #x0 #xbbc411c6 #x71d08975 #x76a8caa6 #x13907ae6)
                  (fftwf_codelet_n1bv_8_avx 0 #x10bdd #x10bdd #x0 #xeffdc9f6 #xcae91379 #x1da65086 #x0a33eb7b)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xae22f384 #xca558688 #x95c043b0 #x768cb364)
                  (fftwf_codelet_t2bv_64_avx 0 #x10bdd #x10bdd #x0 #x3994c561 #x9164720f #xed58ceec #xe4bd2a71)
                  (fftwf_codelet_t2fv_4_avx 0 #x10bdd #x10bdd #x0 #x2b67c14d #x0f843230 #xfc2192bb #x2480d9b9)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xc1e8d4e9 #x6f05b677 #x9c1c71ea #x515c6898)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x88bf0670 #x99d6b1b6 #x951e114e #x6a836b8e)
                  (fftwf_codelet_t2fv_4_avx 0 #x10bdd #x10bdd #x0 #x55e0c7ea #x42b158af #xa0d39f92 #xe8d1e263)
                  (fftwf_codelet_t1bv_8_avx 0 #x10bdd #x10bdd #x0 #x0b2dcf48 #xa7bf337c #x2ba74883 #x09e2fbee)
                  (fftwf_codelet_t1bv_8_avx 0 #x10bdd #x10bdd #x0 #xd74fa760 #x1a26b430 #x25e78344 #x00a91678)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x9a40bcab #x28ad565f #x46cd3fc1 #x34d7a61f)
                )
                """
        case 65536:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_t2fv_64_avx 0 #x10bdd #x10bdd #x0 #xab968761 #xcacd3934 #xd799be42 #xc71cf6d0)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #xe969c77f #x82ad508c #xcc8c683c #xb79fb888)
                  (fftwf_codelet_t1bv_8_avx 0 #x10bdd #x10bdd #x0 #x257746e6 #xa31870a8 #xca5b8a3e #x7ba31d58)
                  (fftwf_codelet_n1fv_8_sse2 0 #x10bdd #x10bdd #x0 #xd2625f3e #xa9255d0a #xc333f32b #xc2f2ead7)
                  (fftwf_codelet_t1bv_64_avx 0 #x10bdd #x10bdd #x0 #x1effe422 #xd9ad0c31 #xf8c52fc7 #x1045a363)
                  (fftwf_codelet_t2fv_4_avx 0 #x10bdd #x10bdd #x0 #xa6a831ec #xd26b0b81 #xf8161488 #xecf03f3c)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x92ecda84 #x1dc77dac #xe062e745 #xf023d4d0)
                  (fftwf_codelet_t1fv_4_avx 0 #x10bdd #x10bdd #x0 #xdcc70e99 #xe6d709f9 #x5ee791c7 #x7d422b59)
                  (fftwf_codelet_t1fv_8_avx 0 #x10bdd #x10bdd #x0 #x7977a1d2 #xdabf3e8a #x64595b8c #x496ae699)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x8e75509a #x669a9774 #xd9f7ae98 #x6b148159)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x9f57a518 #xfcd21847 #x61e25f98 #x8d5ee62d)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x4ae4f216 #xec0098ec #xb1d5f376 #x2a3dc606)
                  (fftwf_codelet_t1bv_4_avx 0 #x10bdd #x10bdd #x0 #x75f1a49b #xefd573f5 #xc739ec09 #xc2764e06)
                  (fftwf_codelet_n1bv_8_sse2 0 #x10bdd #x10bdd #x0 #x5ece463f #x63a9262c #x14d1a7bb #xb2946e9a)
                  (fftwf_dft_vrank_geq1_register 0 #x10bdd #x10bdd #x0 #x7a5c99f7 #xd9129ccb #x2d9f1c02 #x9cb71bed)
                  (fftwf_codelet_t1bv_4_avx 0 #x10bdd #x10bdd #x0 #x1958e352 #xe6d199d6 #x1c52689e #x6918a081)
                )
                """
        default: return nil
        }
    }
}
