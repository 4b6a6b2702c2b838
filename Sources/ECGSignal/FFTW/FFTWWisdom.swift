// SPDX-License-Identifier: GPL-3.0-or-later

/// FFTW's plans for the filters' block lengths, found by Tests/Oracles/fftw_wisdom.py: to make them takes FFTW 3 ms, as long as
/// half an hour of two leads takes to filter.
enum FFTWWisdom {
    /// What FFTW knows of the transforms of one length, forward and backward. Another version of FFTW, or a processor without AVX, refuses it.
    static func of(length: Int) -> String? {
        switch length {
        case 1024:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_hc2cbdft_2 0 #x10048 #x10048 #x0 #x33b55dab #xe700b258 #x1523ad42 #x1ea71b18)
                  (fftwf_codelet_r2cbIII_2 2 #x10048 #x10048 #x0 #x01a5171a #xacba19d0 #xc2d82daa #x54b1dcc3)
                  (fftwf_codelet_r2cf_2 2 #x10048 #x10048 #x0 #x52d4cebb #x3d61daaa #x6b7f5c22 #x0a343c15)
                  (fftwf_codelet_r2cb_2 2 #x10048 #x10048 #x0 #x6ca4f32d #x29172dca #x83ff648b #xa2fc9877)
                  (fftwf_codelet_n2bv_8_avx 0 #x10048 #x10048 #x0 #x3c3f5102 #xa27b92c3 #x235c75ee #x2fe6d6a2)
                  (fftwf_codelet_t2fv_8_avx 0 #x10048 #x10048 #x0 #xfeec02f8 #xbbf06357 #xb26e7a2b #xf7b9dcb8)
                  (fftwf_codelet_r2cfII_2 2 #x10048 #x10048 #x0 #x0f9bbec4 #xaf177e66 #xae9fc9cb #x69add438)
                  (fftwf_codelet_n2fv_64_avx 0 #x10048 #x10048 #x0 #x60f7dd6b #xe5962c71 #x960dc0f4 #x2fbec2ab)
                  (fftwf_codelet_hc2cfdft_2 0 #x10048 #x10048 #x0 #x3f67885c #x1d118905 #x1b4c027b #x7ecffc87)
                  (fftwf_codelet_t2bv_64_avx 0 #x10048 #x10048 #x0 #x71b35416 #x033191ee #x08427f48 #x060813e0)
                )
                """
        case 2048:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_n1bv_128_avx 0 #x10048 #x10048 #x0 #x71cbc431 #xa2483e34 #x111d2cc2 #x85cdc980)
                  (fftwf_codelet_t1fv_4_avx 0 #x10048 #x10048 #x0 #xb0bde699 #x3baa1ac0 #xdbbed5b2 #x3b1456c3)
                  (fftwf_codelet_r2cf_8 2 #x10048 #x10048 #x0 #xa8e723ad #x5577b756 #x19ace181 #xf0b6f4b2)
                  (fftwf_codelet_hc2cfdftv_8_sse2 0 #x10048 #x10048 #x0 #xc447d79d #x3bb36c12 #x2e7c8386 #xc241521c)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x1d5f8951 #x83ff8a7f #x97795bcc #x27178c7e)
                  (fftwf_codelet_n2fv_64_avx 0 #x10048 #x10048 #x0 #xdae94766 #xa548e347 #x8a9a261b #xff2066cd)
                  (fftwf_codelet_r2cfII_8 2 #x10048 #x10048 #x0 #x9b71d905 #x7d7faf81 #x09c45860 #x2a522386)
                  (fftwf_codelet_r2cb_16 2 #x10048 #x10048 #x0 #x416fbd45 #x4ab3cb25 #x46f731f5 #x4a082358)
                  (fftwf_codelet_r2cbIII_16 2 #x10048 #x10048 #x0 #x56411eaf #xfec55265 #x12791fce #x43f6caf6)
                  (fftwf_codelet_hc2cbdftv_16_sse2 0 #x10048 #x10048 #x0 #x1f5f22d9 #xed218381 #x10c9c094 #xe9e7bb90)
                )
                """
        case 4096:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_r2cf_8 2 #x10048 #x10048 #x0 #xba38f62e #x4946eacc #xea4ed48e #xfce17397)
                  (fftwf_codelet_n2bv_64_avx 0 #x10048 #x10048 #x0 #x6c447a57 #x88d0c094 #x74220cbd #xa4af46b7)
                  (fftwf_codelet_t1bv_32_avx 0 #x10048 #x10048 #x0 #x889f271b #xfc322bc3 #x77dab9f2 #x358ba725)
                  (fftwf_codelet_r2cbIII_2 2 #x10048 #x10048 #x0 #x53014ae3 #x5bebcd21 #xb7222d08 #xcb21e60a)
                  (fftwf_codelet_t2fv_64_avx 0 #x10048 #x10048 #x0 #x7c2f7944 #x7b1dc1d6 #x81556d3e #x4a78acc6)
                  (fftwf_codelet_hc2cfdftv_8_sse2 0 #x10048 #x10048 #x0 #x42ead677 #x86451fba #xaefc212f #xfe3ad2af)
                  (fftwf_codelet_hc2cbdft_2 0 #x10048 #x10048 #x0 #x35391f4d #x4848fdd9 #x0d135c52 #x15138e60)
                  (fftwf_codelet_n1fv_8_avx 0 #x10048 #x10048 #x0 #x3aa88359 #x6f99f796 #x6c50f041 #xc9272b2c)
                  (fftwf_codelet_r2cfII_8 2 #x10048 #x10048 #x0 #x68609657 #xbc9ec93a #x11b42de9 #xb606cbdd)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x80a102c8 #x332f47bc #x10cdb888 #xb57ff6f6)
                  (fftwf_codelet_r2cb_2 2 #x10048 #x10048 #x0 #xf6dad419 #xb3f2ed7c #x4d3ef187 #x7a0d85d4)
                )
                """
        case 8192:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_hc2cfdftv_8_sse2 0 #x10048 #x10048 #x0 #x75cb0b70 #xca641787 #xed23b032 #x151f7e6f)
                  (fftwf_codelet_hc2cbdftv_2_sse2 0 #x10048 #x10048 #x0 #x99129601 #x565cc48e #x0e3e5326 #xd444a242)
                  (fftwf_codelet_r2cfII_8 2 #x10048 #x10048 #x0 #x6c61c6d7 #xc790457f #x11eab5b6 #x7b048671)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xf39765d0 #xe7a1930e #x5c594da3 #xe8cbc441)
                  (fftwf_codelet_r2cbIII_2 2 #x10048 #x10048 #x0 #xbdfe9d12 #x6da3cfd0 #x6e059b2a #x90742d5a)
                  (fftwf_codelet_r2cf_8 2 #x10048 #x10048 #x0 #x94f68dbb #x1bbc0153 #x02a16839 #xfa3b1dd9)
                  (fftwf_codelet_n2bv_32_avx 0 #x10048 #x10048 #x0 #xa98d9950 #x7048c1f9 #x2859be7f #x8febda9a)
                  (fftwf_codelet_t2fv_16_avx 0 #x10048 #x10048 #x0 #x571f4086 #xb9b8b33f #x5fd6f2e5 #x282073ee)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x2095759b #x2b63b278 #x5a7f4e7b #x54c13aff)
                  (fftwf_codelet_n2fv_64_avx 0 #x10048 #x10048 #x0 #x8cf8761b #xda8d5641 #x18f53716 #xb0d94285)
                  (fftwf_codelet_t3bv_8_avx 0 #x10048 #x10048 #x0 #xb9da9e1a #xb5ad84a3 #xd98a6c23 #x906c1255)
                  (fftwf_codelet_r2cb_2 2 #x10048 #x10048 #x0 #x6d932e30 #x4b13e8d1 #xfe57afa4 #x5ea0499f)
                  (fftwf_codelet_t2bv_16_avx 0 #x10048 #x10048 #x0 #xda52941b #xdd10c528 #x02f7a1da #x527cb4b0)
                )
                """
        case 16384:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x82752a31 #x676816ae #xd1ba3965 #x4ccf8061)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xf981c2fc #x48f6cc75 #xe90f912f #x9a30e35d)
                  (fftwf_codelet_r2cbIII_2 2 #x10048 #x10048 #x0 #x1cdcbb11 #x610ef8f4 #xf6e536ee #x4736c58d)
                  (fftwf_codelet_hc2cfdftv_8_sse2 0 #x10048 #x10048 #x0 #xf457cfc7 #xf42117a4 #x48772d54 #x772e7810)
                  (fftwf_codelet_t2bv_64_avx 0 #x10048 #x10048 #x0 #x0a33c021 #xa32a3f85 #xd9189a66 #x375dcf13)
                  (fftwf_codelet_n2fv_8_avx 0 #x10048 #x10048 #x0 #xe776615d #x3d1226d0 #xd3d61195 #x5ad72fc0)
                  (fftwf_codelet_r2cf_8 2 #x10048 #x10048 #x0 #x8072b2e0 #x18128d55 #xc8ab92ec #x23009fd5)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x6591b8fe #x12085858 #x66710af5 #x6429ea10)
                  (fftwf_codelet_n2bv_8_avx 0 #x10048 #x10048 #x0 #x692196f4 #xb1736e52 #xeed7664b #x53a9e61f)
                  (fftwf_codelet_t2fv_16_avx 0 #x10048 #x10048 #x0 #xd8831138 #x9847645d #x166a1a89 #xad92e48b)
                  (fftwf_codelet_t2fv_16_avx 0 #x10048 #x10048 #x0 #x697b20b6 #x6432f0af #xb6a1bcf0 #x310827eb)
                  (fftwf_codelet_hc2cbdft_2 0 #x10048 #x10048 #x0 #x8aca1ed4 #xcecda7ff #xd608cfd5 #xa46252f3)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x58abd21d #x5df0bef2 #x4d6d1d7a #xd0fea609)
                  (fftwf_codelet_r2cfII_8 2 #x10048 #x10048 #x0 #x700b929d #x1887fc5b #xea55784c #x46bbe6b8)
                  (fftwf_codelet_t1bv_4_avx 0 #x10048 #x10048 #x0 #xf06b0ac4 #x8ab72ac2 #x63b670d4 #xf83e4dff)
                  (fftwf_codelet_r2cb_2 2 #x10048 #x10048 #x0 #x47168e7b #xed4b14f8 #xcd14ccbd #xebfeb361)
                  (fftwf_codelet_t2bv_4_avx 0 #x10048 #x10048 #x0 #xeca2c7ac #xab07871d #xcf2fdd5c #xa724670f)
                )
                """
        case 32768:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_dft_indirect_register 1 #x10048 #x10048 #x0 #x9f3d57aa #x23cbd686 #x32f284fc #x462ebc11)
                  (fftwf_codelet_hc2cfdft_2 0 #x10048 #x10048 #x0 #x3a703b4b #x398198b2 #x01557430 #x7f273845)
                  (fftwf_codelet_t1fv_8_avx 0 #x10048 #x10048 #x0 #x1d0578f6 #x6cf278c4 #x601ad800 #xb3ec5dd7)
                  (fftwf_codelet_r2cb_8 2 #x10048 #x10048 #x0 #x332ee841 #xe08844ac #x3412f8b9 #x0e1379b2)
                  (fftwf_codelet_r2cbIII_8 2 #x10048 #x10048 #x0 #x9ea32e19 #xda3577b1 #x09288094 #xb8b28e87)
                  (fftwf_rdft_rank0_register 2 #x10048 #x10048 #x0 #x3e67487e #x29c161d2 #xa12bebe1 #xbba1bf7f)
                  (fftwf_codelet_r2cfII_2 2 #x10048 #x10048 #x0 #x820214b9 #x4e3de466 #x45ec47fb #xcec4091d)
                  (fftwf_codelet_t2bv_64_avx 0 #x10448 #x10448 #x0 #x25ff2dc4 #xb27bd269 #x676fa1b6 #x675a4834)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x7ba95201 #x797d4fc5 #x3eea049d #xa9c3f71e)
                  (fftwf_dft_r2hc_register 0 #x10448 #x10448 #x0 #x5b4fe917 #x700cef55 #xbf7b7ebc #x30ba13fa)
                  (fftwf_dft_r2hc_register 0 #x10048 #x10048 #x0 #xd44b52dc #xd2b84e4e #x1027ea6d #x6b427566)
                  (fftwf_codelet_hc2cbdftv_8_sse2 0 #x10048 #x10048 #x0 #xcfd51e16 #x11ca50f8 #x15b45629 #x5f28cbd9)
                  (fftwf_codelet_t2fv_64_avx 0 #x10048 #x10048 #x0 #x08d8f4c9 #xbc29ce2d #xb23bdd57 #xaf7b6732)
                  (fftwf_dft_indirect_register 0 #x10448 #x10448 #x0 #xf820307c #x21932d95 #x36f4236e #xf4458343)
                  (fftwf_codelet_r2cf_2 2 #x10048 #x10048 #x0 #x923c05ce #x6c937a5d #x13efcff5 #x6ac6aa9b)
                  (fftwf_codelet_n1bv_64_avx 0 #x10448 #x10448 #x0 #xd42b0185 #x88606c6d #xfb7c195e #x3e2d20c7)
                  (fftwf_codelet_t2fv_4_avx 0 #x10048 #x10048 #x0 #xf1915d84 #x56c4bdfa #x16f8d847 #xdbd3c190)
                  (fftwf_codelet_n2fv_8_avx 0 #x10048 #x10048 #x0 #x6422d08f #x2059651d #x957202c2 #xd98c2bf5)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x0bc52844 #x7d7e6014 #xaed661a8 #x0ec85130)
                  (fftwf_rdft_rank0_register 6 #x10448 #x10448 #x0 #x23c1f23e #x286c38f8 #x13035a28 #xcac68d29)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x9dc1f04e #xbd228da7 #xc5ea302a #x1a8b8676)
                )
                """
        case 65536:
            return """
                (fftw-3.3.10 fftwf_wisdom #x9e7d4dee #xdb14fed1 #x34bf76a4 #xeb6e8fdf
                  (fftwf_codelet_r2cf_8 2 #x10048 #x10048 #x0 #xfb230289 #x5e49717c #xbb240258 #x616eced2)
                  (fftwf_codelet_t2fv_8_avx 0 #x10048 #x10048 #x0 #x12848fbc #xaad8c481 #x62beb099 #x5598c427)
                  (fftwf_codelet_hc2cbdft_2 0 #x10048 #x10048 #x0 #x256b80ac #x3fea3169 #xdf1c3598 #x78649a9d)
                  (fftwf_codelet_n2fv_8_avx 0 #x10048 #x10048 #x0 #xd891a5c0 #x5edad465 #x7d3a7713 #x1f50643f)
                  (fftwf_codelet_t2fv_32_avx 0 #x10048 #x10048 #x0 #x0b1f550f #x0c1b0718 #x374226eb #x17f2b64c)
                  (fftwf_codelet_r2cfII_8 2 #x10048 #x10048 #x0 #x72af078f #x99a342f3 #x413e004d #x7197f385)
                  (fftwf_codelet_t1bv_8_avx 0 #x10048 #x10048 #x0 #x6062e820 #xce9e047e #xe9ace155 #x3435c216)
                  (fftwf_codelet_t2bv_64_avx 0 #x10048 #x10048 #x0 #x8aa54485 #x2f7f0849 #x77e60e42 #x2d1350d3)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xff336a0e #xeb90e948 #xffa9627b #x73141917)
                  (fftwf_codelet_r2cb_2 2 #x10048 #x10048 #x0 #x1d025430 #x35adfe06 #xcce0de04 #x5a64e2f3)
                  (fftwf_codelet_hc2cfdftv_8_sse2 0 #x10048 #x10048 #x0 #x678c1da6 #xd2c9a7ec #x3bf7b560 #xea02ea8d)
                  (fftwf_codelet_r2cbIII_2 2 #x10048 #x10048 #x0 #x7014ef07 #x2ad4662d #xcc5f901f #x7530c5f1)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xa345fb90 #x6270ab36 #x6f59edcb #xc3233497)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x01a1bde0 #x136aa90b #x8b587330 #x3b8b4c4c)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #xbd852a37 #x80a6390a #xd5ad9aee #xf2126f85)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x295c99db #x22d401a9 #x289abe7d #x03c3bd9d)
                  (fftwf_dft_vrank_geq1_register 0 #x10048 #x10048 #x0 #x8d9f7944 #x7fdcc1e1 #x871b5833 #x66bd5be8)
                  (fftwf_codelet_n2bv_8_avx 0 #x10048 #x10048 #x0 #x432ea920 #xc8cb286a #xcbc270f4 #x893f83d8)
                  (fftwf_codelet_t1bv_2_avx 0 #x10048 #x10048 #x0 #x1c3789d0 #x88ba3c20 #xd03b591e #x3646e9bd)
                  (fftwf_codelet_t3bv_4_avx 0 #x10048 #x10048 #x0 #xd74fa760 #x1a26b430 #x25e78344 #x00a91678)
                  (fftwf_codelet_t1fv_4_avx 0 #x10048 #x10048 #x0 #xae22f384 #xca558688 #x95c043b0 #x768cb364)
                )
                """
        default: return nil
        }
    }
}
