# 命令行：帮助、提示、结果。

about = 把容器镜像打成一个加密、可校验的密封包，再按摘要原样还原。
heading-usage = 用法：
heading-verbs = 子命令
heading-options = 选项
heading-arguments = 参数
value-verb = 子命令

verb-pack = 把镜像密封成包
    .more = 例：sealift pack web.tar db.tar --out delivery.sealift --volume-size fat32
verb-inspect = 查看密封包的公开信息；给出口令则列出内容
verb-verify = 校验密封包：无口令查每条记录，有口令查镜像的每个部分
verb-restore = 还原镜像
    .more = 例：sealift restore delivery.sealift --to docker-archive:images.tar
verb-repair = 无需口令，修复密封包中的损坏
    .more = 示例：sealift repair delivery.sealift；若恢复数据不够：先用 --request request.json，再用 --with answer.sealift-repair
verb-repair-file = 用完好的密封包答复修复请求
    .more = 示例：sealift repair-file delivery.sealift request.json --out answer.sealift-repair
verb-handoff = 把密封包复制到移动盘，从介质读回核对，再弹出
    .more = 例：sealift handoff delivery.sealift --to /media/stick
verb-drives = 列出移动盘
verb-images = 列出来源中的镜像
verb-keys = 查看和更换能打开密封包的密钥；生成密钥
verb-keys-list = 列出密钥槽
verb-keys-add = 添加口令或其他密钥
verb-keys-remove = 移除一个密钥槽
verb-keys-change = 更换自己的口令或指定的密钥槽
verb-keys-generate = 生成新的密钥文件
verb-list = 列出密钥槽
verb-add = 添加口令或其他密钥
verb-remove = 移除一个密钥槽
verb-change = 更换自己的口令
verb-sign = 以厂商身份给密封包签名，无需其口令
    .more = 例：sealift sign delivery.sealift --key cosign.key --product suite --release 1.4.2
verb-signing-key = 生成和查看签名密钥（cosign 格式）
verb-signing-key-new = 生成密钥：PREFIX.key（由口令保护）和 PREFIX.pub
verb-signing-key-import = 导入 cosign 或 openssl 的密钥，用新口令保护：PREFIX.key 和 PREFIX.pub
verb-signing-key-show = 查看公钥及其指纹
verb-trust = 查看和更改这里信任的厂商密钥
    .more = 例：sealift trust add acme --key cosign.pub
verb-trust-list = 列出受信任的密钥
verb-trust-add = 核对指纹之后，信任一个厂商的密钥
verb-trust-remove = 不再信任一个厂商或密钥
verb-kit = 在密封包旁写入还原工具，供未装任何软件的主机使用
verb-demo = 在临时文件夹里打包、校验并还原一个内置样例
verb-completions = 输出 shell 补全脚本
verb-man = 输出手册页

arg-help = 显示帮助
arg-version = 显示版本
arg-lang = 界面语言
    .value = 语言
arg-source = 镜像：本机 Docker 中的镜像名或 docker-daemon:镜像名；Podman 的 containers-storage:镜像名；containerd:[命名空间/]镜像名；镜像仓库中的 docker://主机/仓库[:标签|@摘要]；也可以是归档或 OCI 布局的路径，或 docker-archive:文件[:引用]、oci:目录[:引用]、oci-archive:文件[:引用]
    .value = 来源
arg-bundle = 密封包的第一个分卷
    .value = 密封包
arg-request = 恢复数据不够时，把需要重新提供的内容写入此文件
    .value = 文件
arg-repair-request = 同 repair --request：把需要重新提供的内容写入此文件
    .value = 文件
arg-with = 修复请求的答复文件
    .value = 答复
arg-repair-out = 把修复后的密封包写到这里，损坏的保持原样
    .value = 文件
arg-wanted = 修复请求：文件或代码
    .value = 请求
arg-answer-out = 答复文件写到哪里
    .value = 文件
arg-undamaged = 密封包有损坏时，还原其中完好的镜像
arg-shell = 哪种 shell
    .value = SHELL
arg-slot = 密钥槽编号，见“keys list”
    .value = 编号
arg-out = 密封包写到哪里
    .value = 文件
arg-to = 目标：docker-daemon:、containers-storage:（Podman）、containerd:[命名空间]、docker://主机[/前缀]、docker-archive:文件、oci:目录 或 oci-archive:文件
    .value = 目标
arg-image = 只还原此镜像（可重复）：名称或摘要开头
    .value = 引用
arg-rename = 给镜像改名（可重复）；两边末尾的 * 代表名称的其余部分
    .value = 原名=新名
arg-map = 从文件读取改名表：每行一条“原名 = 新名”，* 的用法同 --rename
    .value = 文件
arg-tags = 目标端的标签指向另一个镜像时怎么办：refuse（拒绝）、backup（旧镜像保留备份标签）或 overwrite（移动标签）
    .value = 方式
arg-target = 交接到哪里：文件夹，或移动盘的设备文件、卷标（可重复：每个目标都得到完整的密封包）
    .value = 移动盘|文件夹
arg-spread = 把分卷分到几个盘上：每个盘放下它放得下、前面的盘还没有的分卷
arg-volumes = 只交接这些分卷，例如还缺的那些：3-5,7
    .value = 编号
arg-at-once = 几个盘同时进行，而不是一个接一个
arg-remove-stale = 清除盘上同名的旧密封包留下的文件
arg-no-eject = 完成后不弹出
arg-all-sizes = 也列出 2 TB 以上的盘
arg-creds-file = 镜像仓库的用户名和密码，文件内容为“用户名:密码”；未指定时使用 Docker 和 Podman 的登录信息
    .value = 文件
arg-plain-http = 不加密地访问镜像仓库；对本机上的仓库无需指定
arg-create-projects = 自动创建 Harbor 中缺少的项目
arg-level = 压缩级别，1 到 19
    .value = 级别
arg-volume-size = 分卷，每个文件不超过此大小：4GiB、650MB 或 fat32
    .value = 大小
arg-recovery = 附带恢复数据：内容的 1% 到 100%，或 none（不附带）。损坏或缺失不超过这个比例时，repair 可以修复（默认：写到移动盘时 5%，否则不附带）
    .value = 百分比
arg-platform = 多平台镜像只打包此平台（可重复）
    .value = 系统/架构
arg-kdf = 猜测口令的代价：standard 占 256 MiB 内存，low 占 64 MiB，适合小主机
    .value = 代价
arg-generate-passphrase = 生成随机词组作口令，写入新文件并使用
    .value = 文件
arg-words = --generate-passphrase 的词表：en 取六个英文单词；zh-CN 取七个汉字，没有输入法的裸服务器上无法输入（默认 en）
    .value = 语言
arg-allow-weak = 接受不足 15 个字符且不足 5 个词的新口令
arg-password-file = 从文件读取口令
    .value = 文件
arg-password-fd = 从已打开的描述符读取口令
    .value = 编号
arg-password = 询问口令（给出其他密钥时也问）
arg-identity = 用此密钥打开：密钥文件、age 身份文件、SSH 私钥或密钥分片（可多次给出）
    .value = 文件
arg-recipient = 为此收件人加锁：“age1…”“ssh-ed25519 …”，或含这类行的文件、密钥文件（可多次给出）
    .value = 收件人
arg-shares = 用分成 N 份的密钥加锁，任意 K 份合起来即可打开
    .value = K/N
arg-shares-dir = 密钥分片文件写到哪里（默认当前目录）
    .value = 目录
arg-classes = 按密级（public 公开、internal 内部、secret 机密）各打一个密封包；如何划分镜像、各用什么密钥由此文件规定
    .value = 文件
arg-class = 指定镜像的密级，不论文件或标签怎么写；“*”指其余未标注的镜像（可多次给出）
    .value = 镜像=密级
arg-require-all = 所给的密钥须同时具备才能打开，而不是任一把即可
arg-new-password = 除收件人外，另外询问一个新口令
arg-slot-number = 要更换的密钥槽（默认为用来打开的那个）
    .value = 编号
arg-key-out = 新文件，只有所有者能读
    .value = 文件
arg-type = 生成什么：age 身份（带公钥），或密钥文件
    .value = 类型
arg-new-password-file = 从文件读取新口令
    .value = 文件
arg-new-password-fd = 从已打开的描述符读取新口令
    .value = 编号
arg-dry-run = 只显示将要做什么，不写入
arg-force = 覆盖已有的目标
arg-signing-key = 签名用的密钥：cosign 或 openssl 的密钥文件
    .value = 密钥
arg-sign = 密封之后用此密钥签名
    .value = 密钥
arg-remove-signature = 移除此密钥的签名：密钥指纹，或其开头至少 8 位
    .value = 指纹
arg-product = 签名中标明的产品名
    .value = 产品
arg-release = 签名中标明的版本号；接收方可拒绝更旧的版本
    .value = 版本
arg-key-password-file = 从文件读取签名密钥的口令
    .value = 文件
arg-key-password-fd = 从已打开的描述符读取签名密钥的口令
    .value = N
arg-key-type = 密钥类型
    .value = 类型
arg-prefix = 两个文件的路径，不含 .key 和 .pub
    .value = 前缀
arg-key-file = 密钥文件
    .value = 密钥
arg-vendor = 厂商名称，由本地自定；remove 也接受密钥指纹
    .value = 厂商
arg-public-key = 厂商的公钥：cosign.pub
    .value = 文件
arg-signed-bundle = 取此密封包签名所用的密钥
    .value = 密封包
arg-yes = 指纹已经核对过，不再询问
arg-policy = 本地对密封包的要求（默认：设置文件夹中的 policy.toml，如果有；/etc/sealift/policy.toml 始终生效）
    .value = 文件
arg-trust-store = 受信任密钥的列表（默认：设置文件夹中的 trust.toml）
    .value = 文件
arg-json = 以一个 JSON 对象输出结果
arg-progress = 标准错误上的进度形式：auto、plain、json 或 none
    .value = 形式
arg-quiet = 只输出错误
arg-verbose = 输出更多过程信息（-vv 为全部）

usage-unknown = 不认识的参数 { $argument }
usage-verb = 没有 { $argument } 这个子命令
usage-missing = 缺少：{ $argument }
usage-conflict = { $argument } 不能与另一个已给出的参数同用
usage-no-value = { $argument } 需要一个值
usage-value = { $argument } 的值不可接受

no-desktop = 此版本不含桌面应用。请用子命令：pack、inspect、verify、repair、restore、handoff、drives、images、keys、sign、signing-key、trust、kit、demo（见“sealift --help”）。
no-display = 这里没有可用的显示，桌面应用无法打开。请用子命令：pack、inspect、verify、repair、restore、handoff、drives、images、keys、sign、signing-key、trust、kit、demo（见“sealift --help”）。
crashed = 镜渡自身出错，已退出。没有写完的内容不会被当作完成。错误报告：{ $path }
no-opengl = 桌面应用需要 OpenGL，而这里的显示没有相应的驱动。请用子命令：pack、inspect、verify、repair、restore、handoff、drives、images、keys、sign、signing-key、trust、kit、demo（见“sealift --help”）。
cancelling = 正在取消……（再按一次 Ctrl-C 立即停止）
note-line = 提醒：{ $note }

prompt = 口令：
prompt-more = 其余密封包的口令（直接回车则略过）：
prompt-identity = 密钥 { $name } 的口令：
prompt-pin = 令牌 { $name } 的 PIN：
prompt-new = 新口令：
prompt-again = 再输一次：
prompt-signing-key = 签名密钥的口令：
prompt-trust = 与厂商念的是否一致？输入“是”或 yes 信任此密钥：
prompt-user = 镜像仓库用户名：
prompt-registry = 密码：

phase-scan = 读取
phase-unlock = 解锁
phase-pack = 打包
phase-copy = 复制
phase-recover = 恢复数据
phase-flush = 写入介质
phase-read-back = 读回核对
phase-eject = 弹出
phase-verify = 校验
phase-restore = 还原
progress-left = 约剩 { $secs } 秒
progress-stalled = 已停滞 { $secs } 秒

layers = { $num } 层
images-sum = 合计 { $sum }，共享部分只计一次为 { $unique }
fingerprint = 指纹：{ $fingerprint }
fingerprint-words = 电话核对：{ $words }
slot = 密钥槽 { $number }：{ $kind }（{ $details }）
slot-plain = 密钥槽 { $number }：{ $kind }

class-public = 公开
class-internal = 内部
class-secret = 机密
delivery-plan = { $class }：{ $images } 个镜像
delivery-passphrase = 请设置“{ $class }”密封包的口令：
delivery-packed = “{ $class }”密封包：
delivery-part = “{ $class }”密封包：{ $path }
delivery-locked = “{ $class }”已略过：所给密钥打不开它的密封包。
delivery-missing = 这里没有“{ $class }”的密封包。
pack-plan = { $images } 个镜像，合计 { $sum }
pack-done = 已打包：去重后 { $unique }，写出 { $size }，节省 { $saved } %
pack-continued = 其中 { $size } 沿用了上次中断时已写入的内容。
pack-generated = 口令：在 { $path } 中，仅您可读。请用不同于密封包的渠道发送。

pack-split = { $system } 的单个文件不能超过 { $most }：密封包会相应分卷。
pack-space = 目标处可用 { $free }，镜像合计 { $sum }：如果共享和压缩的效果不够好，空间会不够。

drives-none = 没有插入移动盘。
drive-mounted = 可用 { $free }，位于 { $path }
drive-read-only = 写保护，位于 { $path }
drive-unmounted = 没有挂载：请先挂载，或在 --to 中直接写它
drive-locked = 已加密：请先解锁
drive-unformatted = 没有文件系统：请先格式化；镜渡不会格式化任何盘

handoff-plan = 交接到 { $folder }（{ $system }）：{ $volumes } 个分卷，待写入 { $size }，可用 { $free }
handoff-done = { $folder } 上的内容完好：写入 { $written }，原已有 { $kept }；{ $how }：
handoff-uncached = 已全部从介质读回，与密封包一致
handoff-cache-dropped = 清除缓存后已全部读回，与密封包一致
handoff-cached = 已全部读回，与密封包一致，但可能来自系统缓存
handoff-kit = 附带还原工具：restore.sh、READ-ME-FIRST.txt 和 sealift-kit，也已读回核对。
handoff-removed = 已清除旧密封包的文件：{ $path }
handoff-stale = 旧密封包留下的文件：{ $path }（可用 --remove-stale 清除）
handoff-safe = 可以安全拔出：{ $folder } 已卸载。
handoff-by-hand = 没有弹出：本机没有可用的弹出服务。拔出之前请先卸载 { $folder }。
handoff-refused = 没有弹出：{ $reason }。请关闭正在使用 { $folder } 的程序，卸载后再拔出。
handoff-not-asked = { $folder } 仍处于挂载状态。拔出之前请先卸载。
handoff-missing = 还缺分卷 { $missing }。换一个盘继续：sealift handoff { $bundle } --to 移动盘 --volumes { $missing }

inspect-public = 密封包：{ $size }，{ $volumes } 个分卷，{ $records } 条记录
inspect-locked = 给出口令（--password、--password-file）可查看内容。
inspect-contents = { $images } 个镜像，合计 { $sum }，由 { $tool } 打包于 { $created }

verify-records = 完好：{ $records } 条记录都与密封时一致。此项校验能发现损坏；用口令校验才能发现伪造。
verify-blobs = 完好：{ $images } 个镜像，{ $blobs } 个数据块，{ $size }，摘要全部相符。
verify-damaged = 损坏：{ $records } 条记录中有 { $damaged } 条（{ $numbers }）。
verify-copy-again = 请从制作处重新复制，或用 --repair-request 文件 只索取这些记录。
verify-damaged-image = 受损镜像：{ $image }（{ $blobs } 个数据块）

verify-recovery = 恢复数据：{ $damaged ->
    [0] { $records } 条恢复记录，全部完好
   *[other] { $records } 条恢复记录中有 { $damaged } 条损坏
 }。
verify-volumes = 缺失或尾部损坏的分卷：{ $numbers }
verify-repairable = 恢复数据足够：请运行“sealift repair”。
verify-beyond = 有 { $damaged } 条记录超出恢复数据的能力：其余的请用“sealift repair”修复，并用 --request 文件 索取这些记录。
inspect-recovery = 恢复数据：{ $size }，占内容的 { $percent }%
repair-whole = 无需修复：密封包完好。
repair-done = 修复完成：重写了 { $records } 条记录、{ $recovery } 条恢复记录、{ $trailers } 个分卷尾部、{ $headers } 份文件头。密封包完好，与封装时一致。
repair-left = 修复了 { $records } 条记录；仍有 { $left } 条损坏（{ $numbers }）。
repair-header = 文件头来自答复文件，口令也随之变为发送方那一份的口令。
request-none = 无需修复请求：密封包完好，或其恢复数据已足够。
request-written = 修复请求已写入 { $path }（{ $records ->
    [0] 文件头或分卷尾部
   *[other] { $records } 条记录
 }）。请发给密封包的制作方。
request-code = 或在电话中读出：{ $code }
request-long = 内容太长，不便在电话中读出；请发送文件。
answer-written = 答复已写入 { $path }，{ $size }。请发给密封包受损的一方。
restore-undamaged = { $damaged } 个镜像已损坏，不会还原：
restore-plan = 将还原 { $images } 个镜像，{ $size }：
restore-done = 已还原 { $images } 个镜像，{ $size }，摘要全部相符：
restore-present = 有 { $blobs } 个数据块已经存在，没有重复写入。
restore-unchecked = 没有需要发送的内容，因此没有校验密封包中的数据块。

demo-sample = 1. 生成样例：{ $images } 个镜像，{ $sum }。
demo-packed = 2. 打包并加密成一个密封包，{ $size }。
demo-records = 3. 不用口令校验：{ $records } 条记录完好。
demo-refused = 4. 试一个错误口令：被拒绝。
demo-blobs = 5. 用口令校验：{ $blobs } 个数据块与摘要相符。
demo-restored = 6. 还原 { $images } 个镜像到一个归档，Docker、Podman、containerd 均可加载。
demo-same = 7. 比对：名称相同，镜像 ID 相同。临时文件夹已清除。

arg-folder = 密封包所在的文件夹，例如 U 盘根目录
    .value = 文件夹
arg-kit = 文件夹中也附带还原工具；移动盘总会附带
arg-no-kit = 不附带还原工具
arg-handoff = 直接打包到移动盘时：从介质读回核对，附带还原工具，然后弹出
arg-program = 放入工具包的镜渡程序，默认为当前程序
    .value = 文件
kit-done = { $bundles ->
        [0] 已写入还原工具；旁边还没有密封包。放入密封包后请再写一次，说明页才会写明指纹。
       *[other] 已写入还原工具，说明页写明了旁边 { $bundles } 个密封包的指纹。
    }程序适用于 { $system }。

verb-reseal = 在新文件中为密封包换用新密钥，不动其中的镜像
    .more = “sealift keys”只改变谁能打开；本命令则让持有旧密钥的人打不开新文件。它是另一个密封包：指纹不同，原有的签名对它不算数。
reseal-done = 已重新密封：{ $size }
keys-generated = 已写入 { $path }。请妥善保密；把收件人公钥交给对方：
    { $recipient }
keys-generated-file = 已写入 { $path }。请妥善保密：加锁和打开都用它。
signature-trusted = { $vendor } 于 { $signed } 签名
signature-trusted-release = { $vendor } 于 { $signed } 签名：{ $release }
signature-unknown-key = { $signed } 的签名，密钥在这里无人认识；这样的签名谁都能做。密钥 { $key }，电话核对：{ $words }
signature-damaged = 有一个签名与此密封包不符。
signature-damaged-vendor = 有一个签名与此密封包不符，尽管用的是 { $vendor } 的密钥。
signature-unknown-kind = 有一个签名，本版本不认识它的类型。
policy-signers = 符合本地策略：由 { $signers } 签名。
policy-images = 符合本地策略：{ $images ->
    [0] 对这些镜像没有签名要求
   *[other] { $images } 个镜像带有所要求的签名
 }。
policy-images-locked = 镜像是否带有策略要求的签名，要有口令才能查看。
pack-signed = 已用密钥 { $key } 签名
signing-key-written = 已写入 { $prefix }.key（只有您能读取）和 { $prefix }.pub（交给核对签名的人）。
trust-compare = 信任之前，请通过电话与 { $vendor } 核对：
trust-none = 这里还没有受信任的厂商密钥。
trust-key = { $vendor }：{ $type } 密钥，自 { $added } 起受信任
trust-key-due = { $vendor }：{ $type } 密钥，自 { $added } 起受信任，已超过一年：请向厂商索取新的密钥
certificate-due = { $host }：客户端证书 { $path } 将于 { $ends } 到期；请向仓库管理方索取新证书，连同密钥替换这两个文件
certificate-ended = { $host }：客户端证书 { $path } 已于 { $ends } 到期；请向仓库管理方索取新证书，连同密钥替换这两个文件
image-signed = { $image } 由 { $vendors } 签名
image-attested = { $image }：{ $vendor } 证明 { $predicate }
image-signed-unknown = { $image }：有 { $num } 个签名或证明，其密钥不在受信任之列
