# 桌面应用。

app-name = 镜渡 Sealift
nav-pack = 打包
nav-import = 导入
nav-verify = 校验
nav-keys = 密钥
nav-history = 记录
nav-settings = 设置

cancel = 取消
choose = 选择…
copy = 复制
dismiss = 知道了

# 自带的文件选择框
picker-path = 路径
picker-up = 上一级
picker-name = 文件名
picker-reading = 正在读取…
picker-empty = 此文件夹中没有文件。
picker-save = 保存到此处
picker-folder = 选用此文件夹
picker-open = { $num ->
    [0] 打开
   *[other] 打开 { $num } 个文件
}

time-secs = { $secs } 秒
time-mins = { $mins } 分 { $secs } 秒
time-hours = { $hours } 小时 { $mins } 分

job-idle = 把镜像归档或密封包拖到窗口任意位置即可。
job-list = 读取 { $name }
job-pack = 打包 { $name } 个镜像
job-unlock = 解锁 { $name }
job-verify = 校验 { $name }
job-speed = 最近半分钟的速度
job-left = 约剩 { $time }
job-stalled = 已停滞 { $time }
job-cancelling = 正在取消…
job-done = { $title }：完成
job-failed = { $title }：失败
job-cancelled = { $title }：已取消
job-cancelled-line = 写了一半的内容已经清除。
job-lost = 程序自身出错，任务已停止。没有写完的内容不会被当作完成。

drop-bundle = 打开这个密封包
drop-bundle-line = 先显示公开信息，不写入任何内容。
drop-sources = { $num ->
    [1] 加入待打包的镜像
   *[other] 把这 { $num } 项加入待打包的镜像
 }
drop-sources-line = 镜像归档、OCI 布局和密封包按内容识别。
close-title = 还有任务在运行
close-line = 关闭窗口会取消任务，写了一半的内容会被清除。
close-stay = 继续运行
close-anyway = 取消任务并关闭

pack-title = 镜像
pack-count = 共 { $num } 个 · 已选 { $selected }
pack-search = 搜索名称、标签、摘要
pack-add = 添加…
pack-clear = 清空列表
pack-empty = 把镜像归档拖到这里
pack-empty-line = “docker save”“podman save”或“skopeo copy”的输出，压缩过的也可以；或 OCI 布局文件夹。
pack-choose-files = 选择归档…
pack-choose-folder = 选择 OCI 布局…
pack-path = 归档或文件夹的路径
pack-engine = 此版本还不能直接读取本机的 Docker、Podman。请先把镜像存成文件：
pack-filter-all = 全部
pack-filter-selected = 已选
pack-column-name = 名称
pack-column-size = 大小
pack-column-layers = 层（灰色：与已选镜像共享）
pack-layers = { $num } 层
pack-select-all = 选择列出的全部镜像
pack-start = 导出加密包
pack-why-busy = 另一个任务正在运行。
pack-why-images = 请至少选择一个镜像。
pack-why-passphrase = 请设置口令。
pack-why-again = 请两次输入同一个口令。
pack-why-out = 请指定密封包写到哪里。
pack-out-hint = 密封包的路径
pack-out-name = 交付.sealift
pack-out-title = 密封包写到哪里
pack-again = 再次打包
packed-title = 已打包并加密
packed-facts = { $images } 个镜像，写出 { $size }，节省 { $percent } %

tray-title = 本次打包
tray-counts = { $images } 个镜像 · { $layers } 层 · 去重后 { $unique } 层
tray-sum = 各镜像之和
tray-written = 共享部分只计一次
tray-shared = 共享
tray-own = 独有
tray-saved = 省 { $percent } %

passphrase = 口令
passphrase-hint = 口令
passphrase-again = 再输一次
passphrase-of-bundle = 此密封包的口令
passphrase-match = 两次一致
passphrase-differ = 两次不一致
password-reveal = 显示输入的内容
password-hide = 隐藏输入的内容
destination = 保存位置
fingerprint-title = 指纹
fingerprint-why = 请通过另一渠道（例如电话）告知收件人，双方核对须完全一致。

bundle-choose = 选择密封包…
bundle-other = 换一个密封包
bundle-path = 密封包的路径
bundle-copy-damaged = 两份头部副本中有一份已损坏，仍可通过另一份打开。请尽早重新复制。
bundle-facts = { $size } · { $volumes } 个分卷 · { $records } 条记录 · { $slots } 个密钥槽

import-title = 导入
import-empty = 把密封包拖到这里
import-empty-line = 第一个分卷，即文件名以 .sealift 结尾的文件。在您指定目标之前不会写入任何内容。
import-unlock = 解锁
import-contents = 内含 { $num } 个镜像

verify-title = 校验
verify-empty = 把密封包拖到这里
verify-empty-line = 任何人都能检查密封包是否完好，无需口令。
verify-what = 逐条读取记录，与密封时比对。此项校验能发现损坏；用口令校验才能发现伪造。
verify-start = 校验全部记录
verify-running = 正在校验，进度见下方。
verify-whole = 完好：{ $records } 条记录都与密封时一致
verify-whole-line = 请与发送方告知的指纹核对。
verify-damaged-title = 损坏：{ $records } 条记录中有 { $damaged } 条
verify-damaged-line = 请从制作处重新复制密封包。

keys-title = 密钥
keys-empty = 把密封包拖到这里
keys-empty-line = 查看哪些口令和密钥能打开它。
keys-slots = { $num } 个密钥槽
keys-slot = 密钥槽 { $num }

history-title = 记录
history-empty = 还没有记录
history-empty-line = 每次导出、导入和校验及其结果都会列在这里。

settings-title = 设置
settings-lang = 语言
settings-lang-zh = 简体中文
settings-lang-en = English
settings-system = 跟随系统
settings-theme = 主题
settings-dark = 深色
settings-light = 浅色
settings-zoom = 缩放
settings-zoom-keys = Ctrl +、Ctrl −、Ctrl 0
settings-version = 镜渡 Sealift { $version }
